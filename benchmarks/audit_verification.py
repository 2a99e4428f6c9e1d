"""Measures the audit trail: entries verified a second over a filled database, and acts recorded a second.

Run with the settings of a throw-away database: `python benchmarks/audit_verification.py --entries 200000`. It makes a
database of its own beside the configured one, fills it through the real chain code, and drops it at the end.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test import override_settings  # noqa: E402
from psycopg import sql  # noqa: E402
from tqdm import tqdm  # noqa: E402

from audit import checkpoints, trail  # noqa: E402
from audit.chain import EntryFields, canonical_json, entry_digest, genesis_digest  # noqa: E402
from audit.verification import verify  # noqa: E402

START = datetime(2026, 1, 1, tzinfo=UTC)
CLINIC = UUID(int=1)
# What one turn of a conversation records, in the shape in which it is recorded.
TURN = (
    ("message.received", "client", "message", {"seq": 7, "digest": "0f" * 16, "length": 84}),
    (
        "risk.assessed",
        "model",
        "assessment",
        {"level": "moderate", "probability": 0.4213, "model_version": "2026-01-a"},
    ),
    (
        "alert.raised",
        "model",
        "alert",
        {"kind": "risk", "level": "moderate", "categories": ["hopelessness", "isolation"]},
    ),
    ("bot.replied", "bot", "message", {"key": "holding.first", "version": 3, "digest": "a1" * 32, "locale": "en"}),
)
COLUMNS = (
    "stream_id", "seq", "recorded", "action", "outcome", "agent_kind", "agent_id", "agent_role", "entity_kind",
    "entity_id", "clinic_id", "conversation_id", "detail", "previous", "digest",
)  # fmt: skip


def chained(stream_id: int, conversation: UUID, count: int) -> Iterator[tuple]:
    """The rows of one conversation's stream."""
    name = f"conversation:{conversation}"
    head = genesis_digest(name, str(CLINIC), str(conversation))
    for seq in range(1, count + 1):
        action, kind, entity, detail = TURN[seq % len(TURN)]
        entry = EntryFields(
            name, seq, START + timedelta(seconds=seq), action, "success", kind, f"{kind}-1", "", entity,
            str(UUID(int=seq)), str(CLINIC), str(conversation), canonical_json(detail), head,
        )  # fmt: skip
        head = entry_digest(entry)
        yield (stream_id, *entry[1:], head)


def fill(entries: int, streams: int) -> None:
    """Entries of all conversations interleaved in the table, as time interleaves them."""
    per_stream = entries // streams
    chains = [chained(number, UUID(int=number), per_stream) for number in range(1, streams + 1)]
    heads: list[bytes] = [b""] * streams
    copy = sql.SQL("COPY audit_entry ({}) FROM STDIN").format(sql.SQL(", ").join(map(sql.Identifier, COLUMNS)))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        with cursor.copy(copy) as table, tqdm(total=per_stream * streams, desc="filling", unit=" entries") as bar:
            for _ in range(per_stream):
                for place, chain in enumerate(chains):
                    row = next(chain)
                    heads[place] = row[-1]
                    table.write_row(row)
                bar.update(streams)
        with cursor.copy(
            "COPY audit_stream (id, name, clinic_id, conversation_id, head_seq, head_digest) FROM STDIN"
        ) as table:
            for number, head in enumerate(heads, start=1):
                conversation = UUID(int=number)
                table.write_row((number, f"conversation:{conversation}", CLINIC, conversation, per_stream, head))
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('audit_stream', 'id'), %s)", [streams])
        cursor.execute("ANALYZE audit_entry")


def measure_verification(rounds: int) -> None:
    rates = []
    for _ in range(rounds):
        report = verify(folder=Path("no-checkpoints-here"))
        if not report.is_intact:
            raise SystemExit(f"the trail just filled does not verify: {report.findings[0].line()}")
        rates.append(report.entries_per_second)
        print(f"verified {report.entries:,} entries of {report.streams:,} streams: {rates[-1]:,.0f} entries/s")
    print(f"verification, median of {rounds}: {statistics.median(rates):,.0f} entries/s (goal: 20,000)")


def measure_checkpoint() -> None:
    """The first checkpoint signs every stream; the second shows what an hour costs in which little moved."""
    with tempfile.TemporaryDirectory() as folder, override_settings(AUDIT_CHECKPOINT_DIR=Path(folder)):
        for name in ("every stream moved", "one stream moved"):
            start = time.perf_counter()
            checkpoint = checkpoints.write_checkpoint(at=START)
            print(f"checkpoint of {checkpoint.leaf_count:,} streams ({name}): {time.perf_counter() - start:.2f} s")
        report = verify()
        if not report.is_intact:
            raise SystemExit(f"the checkpoints just written do not hold: {report.findings[0].line()}")


def measure_recording(acts: int) -> None:
    """One thread, acts of four entries; the commit is left out, because that measures the disk."""
    events = [
        trail.Event(action, trail.Agent(kind, f"{kind}-1"), entity, "1", detail=detail)
        for action, kind, entity, detail in TURN
    ]
    stream = trail.conversation_stream(clinic_id=CLINIC, conversation_id=UUID(int=10**9))
    took = []
    with transaction.atomic():
        for _ in range(acts):
            start = time.perf_counter()
            trail.record(stream, *events, at=START)
            took.append(time.perf_counter() - start)
    took.sort()
    print(
        f"record() of {len(events)} entries, {acts:,} times: p50 {took[len(took) // 2] * 1e3:.2f} ms,"
        f" p99 {took[int(len(took) * 0.99)] * 1e3:.2f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--streams", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--acts", type=int, default=2_000)
    options = parser.parse_args()
    configured = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"bench_{configured}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        fill(options.entries, options.streams)
        measure_verification(options.rounds)
        measure_checkpoint()
        measure_recording(options.acts)
    finally:
        connection.creation.destroy_test_db(configured, verbosity=0)


if __name__ == "__main__":
    main()
