"""The time line, without a database: what stands where, which words are marked, and what lacks an entry."""

from datetime import UTC, datetime

import pytest

from audit.models import Entry
from counselling.timeline import build, marked_parts, rows, waited, who_acted
from triage.transcripts import Line

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def entry(seq, action, detail="{}", *, kind="system", agent="", role=""):
    return Entry(
        seq=seq,
        recorded=AT,
        action=action,
        outcome="success",
        agent_kind=kind,
        agent_id=agent,
        agent_role=role,
        entity_kind="alert",
        entity_id="17",
        detail=detail,
        digest=b"\xab" * 32,
    )


def said(seq, text="hello", *, sender="client", level=None, reasons=()):
    assessment = level and {"level": level, "reasons": list(reasons), "model_version": "m-1", "categories": []}
    return Line(seq=seq, sender=sender, text=text, sent_at=AT, assessment=assessment)


def shape(items):
    return [item.line.seq if item.line else item.action for item in items]


def test_lines_and_events_stand_in_the_order_of_the_trail():
    entries = [
        entry(1, "conversation.started"),
        entry(2, "message.received", '{"seq":1}'),
        entry(3, "risk.assessed", '{"seq":1}'),
        entry(4, "alert.raised", '{"kind":"risk","level":"high"}'),
        entry(5, "bot.replied", '{"seq":2}'),
        entry(6, "transcript.viewed"),
    ]
    items = build(entries, [said(2, sender="bot"), said(1)], {})
    assert shape(items) == ["conversation.started", 1, "alert.raised", 2]
    assert all(item.on_trail for item in items)


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_line_without_an_entry_is_shown_in_its_place_and_marked(missing):
    entries = [entry(seq, "message.received", f'{{"seq":{seq}}}') for seq in (1, 2, 3) if seq != missing]
    items = build(entries, [said(seq) for seq in (1, 2, 3)], {})
    assert shape(items) == [1, 2, 3]
    assert [item.line.seq for item in items if not item.on_trail] == [missing]


@pytest.mark.parametrize("level", ["none", "low"])
def test_a_level_below_moderate_has_no_word_and_no_mark(level):
    reasons = [{"text": "hello", "start": 0, "end": 5}]
    [item] = build([entry(1, "message.received", '{"seq":1}')], [said(1, level=level, reasons=reasons)], {})
    assert item.level_word == ""
    assert not any(part.marked for part in item.parts)


def test_reasons_without_a_place_in_the_text_are_named_beside_it():
    reasons = [{"text": "changed tone", "start": None, "end": None}, {"text": "hello", "start": 0, "end": 5}]
    [item] = build([entry(1, "message.received", '{"seq":1}')], [said(1, level="high", reasons=reasons)], {})
    assert item.level_word == "High risk"
    assert item.other_reasons == ("changed tone",)
    assert [(part.text, part.marked) for part in item.parts] == [("hello", True)]


@pytest.mark.parametrize(
    ("action", "detail", "facts"),
    [
        ("alert.raised", '{"kind":"person","level":"none"}', ("The client asks for a person",)),
        ("alert.raised_again", '{"kind":"risk","level":"imminent"}', ("Risk in a message", "Imminent risk")),
        (
            "alert.escalated",
            '{"step":2,"called_role":"supervisor","late_seconds":0.4}',
            ("step 2, called: supervisor",),
        ),
        (
            "alert.escalated",
            '{"step":1,"called_role":"counsellor","late_seconds":42.0}',
            ("step 1, called: counsellor", "42 s late"),
        ),
        ("alert.resolved", '{"resolution":"plan"}', ("Safety plan made or gone through",)),
        ("conversation.taken_over", '{"waited_seconds":75.2}', ("after 1 min 15 s of waiting",)),
        ("conversation.taken_over", '{"waited_seconds":null}', ()),
        ("conversation.closed", '{"disposition":"referred"}', ("Referred to another service",)),
        ("conversation.closed", '{"disposition":"of_a_later_version"}', ("of_a_later_version",)),
        ("review.completed", '{"verdict":"unsafe"}', ("Unsafe",)),
        ("conversation.handed_back", "{}", ()),
    ],
)
def test_an_event_says_in_words_what_happened(action, detail, facts):
    [item] = build([entry(1, action, detail)], [], {})
    assert item.facts == facts
    assert item.title != action


def test_people_are_named_and_everybody_else_is_called_what_they_are():
    by_member = entry(1, "alert.acknowledged", kind="human", agent="7", role="counsellor")
    assert who_acted(by_member, {"7": "Counsellor One"}) == "Counsellor One (counsellor)"
    assert who_acted(by_member, {}) == "A member of the team"
    assert who_acted(entry(1, "bot.replied", kind="bot"), {}) == "Automated helper"


def test_a_row_of_the_trail_shows_its_digest_in_full():
    [row] = rows([entry(4, "alert.raised")], {})
    assert (row.seq, row.about, row.digest) == (4, "alert 17", "ab" * 32)


@pytest.mark.parametrize(
    ("spans", "parts"),
    [
        ([], [("one two", False)]),
        ([(0, 3)], [("one", True), (" two", False)]),
        ([(4, 7)], [("one ", False), ("two", True)]),
        ([(4, 7), (0, 3)], [("one", True), (" ", False), ("two", True)]),
        ([(0, 5), (3, 7)], [("one t", True), ("wo", True)]),
        ([(0, 5), (1, 3)], [("one t", True), ("wo", False)]),
        ([(3, 3), (5, 2), (-1, 2), (2, 99), (None, None)], [("one two", False)]),
    ],
)
def test_marking_never_loses_or_doubles_a_character(spans, parts):
    cut = marked_parts("one two", [{"start": start, "end": end} for start, end in spans])
    assert [(part.text, part.marked) for part in cut] == parts
    assert "".join(part.text for part in cut) == "one two"


def test_an_empty_text_is_one_empty_part():
    assert [part.text for part in marked_parts("", [])] == [""]


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3661, "1 h 1 min")])
def test_waiting_is_said_as_a_person_would(seconds, words):
    assert waited(seconds) == words
