"""Which of the stored reasons a counsellor sees at once."""

from triage.transcripts import telling

RULE = {"kind": "rule", "text": "safety net: wish to die", "start": 0, "end": 4}
PHRASE = {"kind": "phrase", "text": "wish to be dead", "start": 0, "end": 4}
CLAUSE = {"kind": "clause", "text": "the part that weighs most", "start": 0, "end": 20}
WORD = {"kind": "word", "text": "weeks", "start": 15, "end": 20}


def test_what_rules_and_phrases_found_is_shown_and_not_the_whole_sentence():
    assert telling([RULE, CLAUSE, PHRASE, WORD]) == [RULE, PHRASE]


def test_danger_in_nobodys_phrases_shows_the_sentence_that_weighs_most_and_not_single_words():
    assert telling([CLAUSE, WORD]) == [CLAUSE]


def test_reasons_of_an_earlier_model_are_shown_as_they_are():
    assert telling([WORD]) == [WORD]
    assert telling([]) == []
