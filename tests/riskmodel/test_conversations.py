"""Written conversations are read whole, and their faults are named with file and line."""

import json

import pytest

from riskmodel.artefacts import load
from riskmodel.conversations import fit_course, read_conversations
from riskmodel.corpus import CorpusError
from riskmodel.levels import RANK
from riskmodel.scoring import Scorer

GOOD = {
    "id": "course-1",
    "messages": ["i want to die", "never mind"],
    "levels": ["moderate", "none"],
    "level": "moderate",
    "course": "denial",
    "split": "train",
}


def written(folder, **changes):
    row = {name: value for name, value in (GOOD | changes).items() if value is not None}
    (folder / "a.jsonl").write_text(f"\n{json.dumps(row)}\n", encoding="utf-8")
    return folder


def test_a_conversation_is_read_as_it_was_written(tmp_path):
    [found] = read_conversations(written(tmp_path))

    assert found.messages == ("i want to die", "never mind")
    assert found.level == "moderate"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"levels": ["moderate"]},
        {"levels": ["moderate", "unscored"]},
        {"level": "dreadful"},
        {"split": "holiday"},
        {"messages": ["alone"], "levels": ["none"]},
        {"levels": ["none", "high"]},
    ],
)
def test_a_fault_is_named_with_file_and_line(tmp_path, changes):
    with pytest.raises(CorpusError, match=r"a\.jsonl line 2: "):
        read_conversations(written(tmp_path, **changes))


def test_the_shipped_conversations_never_lower_a_level_and_no_id_stands_twice():
    found = read_conversations()

    assert len({one.id for one in found}) == len(found) > 100
    assert all(RANK[one.level] >= RANK[one.levels[-1]] for one in found)


def test_nothing_is_learnt_from_no_conversations(tmp_path):
    assert read_conversations(tmp_path / "nowhere") == []
    assert fit_course(Scorer(load()), []) is None


def test_the_measured_shares_are_shares_and_the_course_never_alerts_less():
    stored = fit_course(Scorer(load()), read_conversations()[::3])

    for measured in stored["metrics"].values():
        for who in ("those in danger", "the others"):
            alone, both = (measured[f"alerted of {who}, {how}"] for how in ("alone", "with the course"))
            assert alone is None or 0 <= alone <= both <= 1
