"""Bad definitions of instruments and bad wordings of screenings are refused by file and reason."""

import pytest

from triage.bot.catalogue import CONTENT
from triage.bot.content import ContentError
from triage.bot.loading import read_item
from triage.screenings.instruments import FOLDER, InstrumentError, UnknownInstrument, instrument, read_instrument

SLOTS = {"who5", "k10", "epds", "wai_sr", "cssrs_screener"}


def altered(tmp_path, name, old, new, *, folder=FOLDER):
    source = (folder / f"{name}.toml").read_text()
    assert old in source
    file = tmp_path / f"{name}.toml"
    file.write_text(source.replace(old, new, 1))
    return file


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('key = "phq9"', "key = ", "cannot be read"),
        ('key = "phq9"', 'key = "other"', "belongs in a file of that name"),
        ("items = 9", 'items = "nine"', "'items' must be int"),
        ("may_miss = 2\n", "", "'may_miss' must be int"),
        ("may_miss = 2\n", "may_miss = 9\n", "must leave an item"),
        ("may_miss = 2\n", "may_mis = 2\n", "unknown key 'may_mis'"),
        ("never_made_up = [9]", "never_made_up = [10]", "names one that there is not"),
        ("never_made_up = [9]", 'never_made_up = ["9"]', "numbers of items"),
        ("least = 5", 'least = "5"', "a band has"),
        ("least = 5", "least = 12", "bands must rise"),
        ("least = 0\n", "least = 1\n", "begin at the lowest total"),
        ("least = 20", "least = 28", "end within 0 to 27"),
        ("at_least = 2", "at_last = 2", "a trigger has"),
        ("at_least = 2", "at_least = 4", "lies outside 1 to 3"),
        ("at_least = 1\n", "at_least = 0\n", "lies outside 1 to 3"),
        ("item = 9", "item = 10", "there is no item 10"),
        ('"high"', '"severe"', "'severe' is none of"),
        ('"review"', '"high"', "the total calls for a review"),
        ('"high"', '"review"', "an item calls for a level"),
        ('"44250-9", ', "", "each item needs a LOINC code"),
    ],
)
def test_a_broken_instrument_is_refused_by_file_and_reason(tmp_path, old, new, reason):
    file = altered(tmp_path, "phq9", old, new)
    with pytest.raises(InstrumentError) as refused:
        read_instrument(file)
    assert str(file) in str(refused.value)
    assert reason in refused.value.reason


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InstrumentError, match="gone.toml: cannot be read"):
        read_instrument(tmp_path / "gone.toml")


def test_an_unknown_instrument_is_named():
    with pytest.raises(UnknownInstrument, match="no_such"):
        instrument("no_such")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("number = 8", "number = 7", "must ask the items 1 to 9, each once"),
        ("value = 3", "value = 4", "an answer lies outside 0 to 3"),
        ('instrument = "phq9"', 'instrument = "phq99"', "there is no instrument 'phq99'"),
        ('instrument = "phq9"', 'instrument = "gad7"', "must ask the items 1 to 7"),
        ('kind = "screening"', 'kind = "flow"', "only a screening has items"),
        ('options = "days"', 'options = "weeks"', "there are no options 'weeks'"),
    ],
)
def test_ins_1_a_wording_that_does_not_fit_its_instrument_is_refused(tmp_path, old, new, reason):
    file = altered(tmp_path, "phq9", old, new, folder=CONTENT / "en")
    with pytest.raises(ContentError) as refused:
        read_item(file)
    assert str(file) in str(refused.value)
    assert reason in refused.value.reason


def test_ins_6_of_an_instrument_that_needs_a_licence_no_wording_is_shipped():
    asked = {read_item(file).instrument for file in CONTENT.glob("*/*.toml")} - {""}
    assert {key for key in SLOTS if instrument(key).needs_licence} == SLOTS
    assert not asked & SLOTS
    assert not any(instrument(key).needs_licence for key in asked)
