"""Canonical JSON has one text for a value, and a digest covers every field of an entry."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import chain

WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
).filter(lambda value: _depth(value) <= chain.MAX_DEPTH)

ENTRY = chain.EntryFields(
    stream="conversation:1",
    seq=7,
    recorded=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    action="bot.replied",
    outcome="success",
    agent_kind="bot",
    agent_id="b\"1\\'ü",
    agent_role="",
    entity_kind="message",
    entity_id="m-1",
    clinic_id="6f1d9a70-0000-4000-8000-000000000001",
    conversation_id=None,
    detail='{"key":"welcome"}',
    previous=bytes(range(32)),
)


def _depth(value: object) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(_depth, parts), default=0)


@given(VALUES)
def test_canonical_json_reads_back_as_what_was_written(value):
    assert json.loads(chain.canonical_json(value)) == value


@given(VALUES)
def test_canonical_json_is_the_same_after_reading_and_writing_again(value):
    text = chain.canonical_json(value)
    assert chain.canonical_json(json.loads(text)) == text


@given(st.dictionaries(WORDS, VALUES, max_size=6))
def test_the_order_in_which_keys_were_added_does_not_matter(value):
    turned = dict(reversed(value.items()))
    assert chain.canonical_json(turned) == chain.canonical_json(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        ({"ä": "é\n\x00"}, '{"ä":"é\\n\\u0000"}'),
        ([2**63 - 1, -(2**63)], "[9223372036854775807,-9223372036854775808]"),
        ([0.1, 1e300, -0.0, 1.0], "[0.1,1e+300,-0.0,1.0]"),
        ((1, "two"), '[1,"two"]'),
    ],
)
def test_canonical_json_has_exactly_this_text(value, text):
    assert chain.canonical_json(value) == text


def test_a_word_of_an_enumeration_is_written_as_the_word():
    class Level(StrEnum):
        HIGH = "high"

    assert chain.canonical_json({"level": Level.HIGH}) == '{"level":"high"}'


@pytest.mark.parametrize(
    "value",
    [
        float("nan"), float("inf"), -float("inf"), 2**63, -(2**63) - 1, 10**400, Decimal("1"), uuid4(), b"bytes",
        {1, 2}, datetime(2026, 1, 1, tzinfo=UTC), {1: "x"}, {None: "x"}, {"a": {"b": {3.5: 1}}}, "\ud800",
        {"\udfff": 1}, [[[[[[[[[1]]]]]]]]], object(),
    ],
)  # fmt: skip
def test_what_has_no_single_exact_text_is_refused(value):
    with pytest.raises(chain.NotCanonical):
        chain.canonical_json(value)


def test_a_structure_that_holds_itself_is_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(chain.NotCanonical, match="deeper"):
        chain.canonical_json(loop)


@given(agent_id=WORDS, detail=WORDS, seq=st.integers(1, 2**63 - 1), clinic=st.none() | WORDS)
def test_the_hand_written_form_of_an_entry_is_canonical_json(agent_id, detail, seq, clinic):
    entry = ENTRY._replace(agent_id=agent_id, detail=detail, seq=seq, clinic_id=clinic)
    fields = entry._asdict() | {"form": 1, "previous": entry.previous.hex(), "recorded": "2026-01-02T03:04:05.000006Z"}
    assert chain.entry_form(entry) == chain.canonical_json(fields)
    assert chain.entry_digest(entry) == sha256(chain.canonical_json(fields).encode()).digest()


@pytest.mark.parametrize("name", chain.EntryFields._fields)
def test_a_change_of_any_field_changes_the_digest(name):
    value = getattr(ENTRY, name)
    other = {
        "seq": 8,
        "recorded": ENTRY.recorded + timedelta(microseconds=1),
        "previous": bytes(32),
    }.get(name, f"{value}x")
    assert chain.entry_digest(ENTRY._replace(**{name: other})) != chain.entry_digest(ENTRY)


def test_no_clinic_is_something_else_than_a_clinic_called_null():
    assert chain.entry_digest(ENTRY._replace(clinic_id=None)) != chain.entry_digest(ENTRY._replace(clinic_id="null"))


def test_the_same_moment_in_another_zone_gives_the_same_digest():
    elsewhere = ENTRY._replace(recorded=ENTRY.recorded.astimezone(timezone(timedelta(hours=5, minutes=45))))
    assert chain.entry_digest(elsewhere) == chain.entry_digest(ENTRY)


def test_the_digest_of_form_1_stays_what_it_is():
    """Entries of years ago must still verify: a change here needs a new form beside the old one."""
    assert chain.entry_digest(ENTRY).hex() == "6bd7b59df197137c7ce80269580c36e27732759759ac2438316f75e1cf92fdeb"
    assert (
        chain.genesis_digest("service", None, None).hex()
        == "b845f9ad7252da547f41210716376f64c63bc1a9ea4a61fb0460bf906934f6ca"
    )


def test_streams_of_other_clinics_start_from_other_digests():
    digests = {
        chain.genesis_digest("a", None, None),
        chain.genesis_digest("a", "b", None),
        chain.genesis_digest("b", None, None),
    }
    assert len(digests) == 3
