"""The goals of the behavioural suite, and that the suite itself counts honestly."""

import json
from pathlib import Path

import pytest

import riskmodel
from riskmodel.levels import Level
from tests.riskmodel.behaviour.suite import (
    Functionality,
    Message,
    SuiteError,
    load_suite,
    markdown,
    plain,
    run_suite,
    write_markdown,
)

CORPUS = Path(riskmodel.__file__).resolve().parent / "corpus"


@pytest.fixture(scope="module")
def suite():
    return load_suite()


@pytest.fixture(scope="module")
def table(suite):
    return run_suite(suite)


# The goals stand in docs/behaviour.md, each beside its figure; the shipped model does not reach them. What it does
# reach is held here, so that no later model falls behind unseen. Raise these with each better model, never lower them.
# One was loosened once, false alerts from 7 to 8 %, for a version that puts one imminent message below high, not four.
def test_no_model_tells_fewer_messages_as_a_clinician_would_than_the_one_before(table):
    assert table.share >= 0.81, f"{table.passed} of {table.n}"


def test_no_model_lets_fewer_people_in_danger_reach_a_person_than_the_one_before(table):
    assert table.alert_recall >= 0.70


def test_no_model_alarms_more_often_without_danger_than_the_one_before(table):
    assert table.false_alerts <= 0.08


def test_no_model_puts_more_imminent_danger_below_high_than_the_one_before(table):
    assert len(table.imminent_below_high) <= 1


def test_no_model_leaves_more_ways_of_speaking_behind_than_the_one_before(table):
    assert len(table.below(0.70)) <= 15


def test_no_message_of_the_suite_was_left_unscored(table):
    assert [message for message, level in table.levels.items() if level is Level.UNSCORED] == []


def test_the_suite_is_wide_enough_to_mean_something(suite):
    assert len(suite) >= 30
    assert sum(len(functionality.messages) for functionality in suite) >= 400


def test_the_suite_asks_for_silence_about_as_often_as_for_an_alarm(suite):
    loud = sum(len(functionality.messages) for functionality in suite if functionality.alert)
    silent = sum(len(functionality.messages) for functionality in suite if not functionality.alert)
    assert 0.5 <= loud / silent <= 2


def test_the_suite_holds_enough_imminent_messages_for_none_missed_to_count(suite):
    assert sum(m.level is Level.IMMINENT for functionality in suite for m in functionality.messages) >= 40


def test_no_message_of_the_suite_was_ever_trained_on(suite):
    # Where one does, the row of the corpus gives way: the suite must stay what it was before the model.
    trained = {plain(json.loads(line)["text"]) for line in _corpus_lines()}
    assert trained
    known = [
        message.id for functionality in suite for message in functionality.messages if plain(message.text) in trained
    ]
    assert known == []


def _corpus_lines():
    for path in sorted(CORPUS.glob("*.jsonl")):
        yield from filter(str.strip, path.read_text(encoding="utf-8").splitlines())


# How the suite counts, on a suite of its own.


def functionality(name, level, *, least=None, at_most=Level.LOW):
    messages = tuple(Message(f"{name}-{number:02}", f"{name} {number}", level) for number in (1, 2, 3, 4))
    return Functionality(name, f"Title of {name}", "Why.", least, at_most, messages)


SMALL = (
    functionality("act", Level.IMMINENT, least=Level.HIGH, at_most=Level.IMMINENT),
    functionality("wish", Level.MODERATE, least=Level.MODERATE, at_most=Level.HIGH),
    functionality("thanks", Level.NONE),
)


def judged(**given):
    """The table of the small suite where the model gives each text its own level, except those named in `given`."""
    truth = {message.text: message.level for entry in SMALL for message in entry.messages}
    truth |= {name.replace("_", " "): level for name, level in given.items()}
    return run_suite(SMALL, judge=truth.__getitem__)


def test_a_model_that_agrees_with_the_clinician_passes_everything():
    table = judged()
    assert (table.n, table.passed, table.share) == (12, 12, 1.0)
    assert (table.alert_recall, table.false_alerts, table.imminent_below_high) == (1.0, 0.0, ())


def test_an_alert_below_the_least_level_fails_but_still_counts_as_an_alert():
    table = judged(act_2=Level.MODERATE)
    assert table.rows[0].failed == ("act-02",)
    assert table.alert_recall == 1.0
    assert table.imminent_below_high == ("act-02",)


def test_a_siren_for_a_passive_wish_fails():
    assert judged(wish_1=Level.IMMINENT).rows[1].failed == ("wish-01",)


def test_a_missed_message_lowers_the_recall():
    table = judged(wish_1=Level.LOW, act_1=Level.NONE)
    assert table.alert_recall == 6 / 8


def test_low_is_not_an_alert_and_moderate_is():
    assert judged(thanks_1=Level.LOW).false_alerts == 0.0
    table = judged(thanks_1=Level.MODERATE)
    assert (table.false_alerts, table.rows[2].share) == (1 / 4, 3 / 4)


def test_an_unscored_message_is_a_miss_where_an_alert_is_due_and_an_alarm_where_none_is():
    table = judged(act_1=Level.UNSCORED, thanks_1=Level.UNSCORED)
    assert (table.alert_recall, table.false_alerts) == (7 / 8, 1 / 4)
    assert table.imminent_below_high == ("act-01",)
    assert [row.passed for row in table.rows] == [3, 4, 3]


def test_a_functionality_below_the_bar_is_named():
    table = judged(thanks_1=Level.HIGH, thanks_2=Level.HIGH)
    assert (table.below(0.70), table.below(0.50)) == (("thanks",), ())


def test_the_page_names_what_was_tried_and_the_totals_and_quotes_nobody(tmp_path):
    page = markdown(judged(thanks_1=Level.HIGH))
    assert "| Title of act | high or above | 4 | 4 | 100% |" in page
    assert "| Title of wish | moderate to high | 4 | 4 | 100% |" in page
    assert "| Title of thanks | no alert | 4 | 3 | 75% |" in page
    assert "| Passed | 11 (91.7%) | at least 90 % |" in page
    assert "thanks 1" not in page
    write_markdown(tmp_path / "behaviour.md", judged(thanks_1=Level.HIGH))
    assert (tmp_path / "behaviour.md").read_text(encoding="utf-8") == page


def test_the_page_of_the_real_suite_quotes_no_client(suite, table):
    page = plain(markdown(table))
    long = [m for functionality in suite for m in functionality.messages if len(plain(m.text).split()) >= 4]
    assert [message.id for message in long if plain(message.text) in page] == []


# What a file of the suite may hold.


def entry(*, name="goodbye", expect='{ alert = true, least = "high" }', level="high", n=12, text="bye {}"):
    lines = ["[[functionality]]", f'name = "{name}"', 'title = "T"', 'why = "W"', f"expect = {expect}", "messages = ["]
    lines += [f'  {{ level = "{level}", text = "{text.format(number)}" }},' for number in range(n)]
    return "\n".join([*lines, "]", ""])


def load(folder, *entries):
    (folder / "cases.toml").write_text("\n".join(entries), encoding="utf-8")
    return load_suite(folder)


def test_a_file_is_read_with_ids_in_the_order_of_its_messages(tmp_path):
    (goodbye,) = load(tmp_path, entry())
    assert (goodbye.alert, goodbye.least, goodbye.at_most) == (True, Level.HIGH, Level.IMMINENT)
    assert [message.id for message in goodbye.messages][::11] == ["goodbye-01", "goodbye-12"]


def test_silence_is_read_as_low_at_most(tmp_path):
    (thanks,) = load(tmp_path, entry(name="thanks", expect="{ alert = false }", level="none"))
    assert (thanks.alert, thanks.at_most) == (False, Level.LOW)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([entry(level="low")], "its own functionality does not expect"),
        ([entry(expect="{ alert = false }")], "its own functionality does not expect"),
        ([entry(expect='{ alert = true, least = "high", at_most = "moderate" }')], "at_most is no less than least"),
        ([entry(expect='{ alert = true, least = "low" }', level="low")], "at least moderate"),
        ([entry(expect="{ alert = true }")], "expects"),
        ([entry(expect='{ alert = false, least = "high" }')], "expects"),
        ([entry(level="unscored")], "'unscored' is no level"),
        ([entry(level="severe")], "'severe' is no level"),
        ([entry(n=11)], "has not 12 to 16 messages"),
        ([entry(n=17)], "has not 12 to 16 messages"),
        ([entry(name="Good bye")], "is no slug"),
        ([entry(), entry(text="farewell {}")], "the same functionality stands twice: 'goodbye'"),
        ([entry(text="same")], "the same message stands twice: 'same'"),
        ([entry(), entry(name="again", text="Bye, {}!")], "the same message stands twice: 'bye 0'"),
        ([entry(text="")], "a text is empty"),
        ([entry().replace("why =", "because =")], "has the keys"),
        ([entry().replace("text =", "words =")], "holds a text and a level"),
        (['title = "lost"'], "holds [[functionality]] entries and nothing else"),
        (["[[functionality"], "cases.toml: "),
    ],
)
def test_a_file_that_breaks_the_rules_is_refused_with_the_reason(tmp_path, entries, why):
    with pytest.raises(SuiteError) as refusal:
        load(tmp_path, *entries)
    assert why in str(refusal.value)


def test_an_empty_folder_is_no_suite(tmp_path):
    with pytest.raises(SuiteError, match="no TOML file"):
        load_suite(tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Bye, now!", "bye now"), ("ＢＹＥ  now", "bye now"), ("It's over", "it s over"), ("Straße 2", "STRASSE 2")],
)
def test_texts_that_differ_in_case_and_signs_alone_are_the_same(one, other):
    assert plain(one) == plain(other)


def test_signs_alone_are_still_told_apart():
    assert plain(" 👍 ") == "👍"
