"""What the bot itself offers to press must never raise an alert: a client would be alarmed by an exercise's name."""

import pytest

import riskmodel
from riskmodel import Level
from triage.bot.catalogue import CONTENT, read_library

CALM = {Level.NONE, Level.LOW}


def labels():
    """Every label and every choice of the shipped content."""
    found = set()
    for item in read_library(CONTENT).items:
        found |= set(item.labels.values())
        for node in item.nodes.values():
            found |= {choice.label for choice in node.choices if choice.label}
    return sorted(found)


def test_there_are_labels_to_look_at():
    assert "Slow breathing" in labels()


@pytest.mark.parametrize("label", labels())
def test_pressing_a_choice_alarms_nobody(label):
    assert riskmodel.score(label).level in CALM
