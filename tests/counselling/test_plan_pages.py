"""The safety plan over HTTP: staff write, compare and bring back; the client reads and saves their own."""

import json

import pytest

from audit.models import Entry
from counselling.plan_comparison import Stretch, compare, stretches
from tests.people import sign_in
from tests.stories import Clock, a_client_starts
from triage import safety_plans
from triage.models import SafetyPlanVersion

pytestmark = pytest.mark.django_db(transaction=True)

FIRST = {"signs": "I stop answering my sister", "alone": "a walk by the river"}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


@pytest.fixture
def at_work(client, counsellor):
    return sign_in(client, counsellor)


@pytest.fixture
def path(writer):
    return f"/clients/{writer.conversation.client_id}/plan/"


@pytest.fixture
def asks(client, writer):
    """`asks(what, **body)`: the client's page sends a request with the token of the chat."""

    def ask(what, token=None, **body):
        sent = json.dumps({"token": token or writer.started.token, **body})
        return client.post(f"/c/riverside/plan/{what}", sent, content_type="application/json")

    return ask


def text(answer):
    return " ".join(answer.content.decode().split())


def versions():
    return list(SafetyPlanVersion.objects.order_by("number").values_list("number", flat=True))


# -- Staff


def test_a_counsellor_writes_the_first_plan_and_sees_who_saved_it(at_work, path):
    assert "This client has no saved plan." in text(at_work.get(path))
    shown = text(at_work.post(path, {"base": 0, **FIRST}, follow=True))
    assert "The plan is saved as version 1." in shown
    assert "Version 1, saved by Counsellor One" in shown
    assert "a walk by the river" in shown


def test_while_an_alert_is_open_the_page_says_to_write_it_together(at_work, path, writer):
    writer.writes("[high] I cannot go on")
    assert "Write the plan together with them." in text(at_work.get(path))
    assert at_work.post(path, {"base": 0, **FIRST}).status_code == 302


def test_the_second_of_two_counsellors_is_told_and_loses_nothing(at_work, path):
    at_work.post(path, {"base": 0, **FIRST})
    answer = at_work.post(path, {"base": 0, "alone": "a swim"})
    shown = text(answer)
    assert answer.status_code == 409
    assert "Version 1 was saved while you were writing." in shown
    assert "a swim</textarea>" in shown
    assert 'Saved now:</p><p class="plan-words" dir="auto">a walk by the river' in shown
    assert 'name="base" value="1"' in shown
    assert at_work.post(path, {"base": 1, "alone": "a swim"}).status_code == 302
    assert versions() == [1, 2]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"alone": "x" * 2001}, "A part can have 2,000 characters; this one has 2,001."),
        ({"alone": "  "}, "All parts are empty."),
        ({"alone": "walk\x00"}, "Null characters are not allowed."),
    ],
)
def test_a_refused_plan_keeps_what_was_typed_and_says_why(at_work, path, parts, told):
    answer = at_work.post(path, {"base": 0, "reasons": "" if parts["alone"] == "  " else "my dog", **parts})
    assert answer.status_code == 400
    assert told in text(answer)
    assert parts["alone"].strip() in answer.content.decode()
    assert versions() == []


def test_a_plan_without_the_version_it_began_with_is_refused(at_work, path):
    assert at_work.post(path, FIRST).status_code == 400
    assert versions() == []


def test_what_was_added_and_removed_stands_in_the_comparison(at_work, path):
    at_work.post(path, {"base": 0, **FIRST})
    at_work.post(path, {"base": 1, **FIRST, "alone": "a walk by the sea"})
    shown = at_work.get(f"{path}2/").content.decode()
    assert "<del>river</del><ins>sea</ins>" in shown
    assert "From version 1 to version 2" in shown
    assert "From version 1 to version 2" in at_work.get(f"{path}1/?against=2").content.decode()
    assert at_work.get(f"{path}1/?against=nonsense").status_code == 200
    assert at_work.get(f"{path}3/").status_code == 404
    assert at_work.get(f"{path}1/?against=9").status_code == 404


def test_an_earlier_version_is_brought_back_as_a_new_one(at_work, path):
    at_work.post(path, {"base": 0, **FIRST})
    at_work.post(path, {"base": 1, "alone": "a swim"})
    late = at_work.post(f"{path}1/restore/", {"base": 1}, follow=True)
    assert "Nothing was stored: version 2 was saved in between." in text(late)
    shown = text(at_work.post(f"{path}1/restore/", {"base": 2}, follow=True))
    assert "What version 1 says is saved again as version 3." in shown
    assert "brought back from version 1" in shown
    assert versions() == [1, 2, 3]


def test_the_history_is_paged_newest_first(at_work, path):
    for number in range(12):
        at_work.post(path, {"base": number, "alone": f"step {number}"})
    first, second = text(at_work.get(path)), text(at_work.get(f"{path}?page=2"))
    assert "Page 1 of 2" in first
    assert first.index("Version 12</a>") < first.index("Version 11</a>")
    assert "Version 2</a>" in second


def test_each_view_of_words_is_on_the_trail_with_its_version(at_work, path):
    at_work.post(path, {"base": 0, **FIRST})
    at_work.post(path, {"base": 1, "alone": "a swim"})
    before = Entry.objects.filter(action="plan.viewed").count()
    at_work.get(f"{path}2/")
    assert Entry.objects.filter(action="plan.viewed").count() == before + 2


def test_what_somebody_typed_is_shown_as_text_and_never_as_markup(at_work, path):
    at_work.post(path, {"base": 0, "alone": "<script>alert(1)</script>"})
    at_work.post(path, {"base": 1, "alone": "<b>walk</b>"})
    for page in (path, f"{path}2/"):
        shown = at_work.get(page).content.decode()
        assert "<script>alert" not in shown
        assert "<b>walk" not in shown


def test_a_client_that_nobody_knows_is_a_404(at_work, other_clinic, clock):
    elsewhere = a_client_starts(other_clinic, clock).conversation.client_id
    assert at_work.get(f"/clients/{elsewhere}/plan/").status_code == 404
    assert at_work.post(f"/clients/{elsewhere}/plan/", {"base": 0, **FIRST}).status_code == 404


# -- The client


def test_the_clients_page_holds_the_words_of_the_plan_and_no_client_words(client, clinic, asks):
    asks("save", parts=FIRST, base=0)
    shown = text(client.get("/c/riverside/plan/"))
    assert "Signs that it gets harder" in shown
    assert "Nobody watches it for you" in shown
    assert "a walk by the river" not in shown


def test_the_client_saves_and_reads_the_plan(asks):
    assert asks("read").json() == {"version": 0, "parts": {}, "may_edit": True}
    assert asks("save", parts=FIRST, base=0).json() == {"version": 1}
    found = asks("read").json()
    assert (found["version"], found["by_client"], found["parts"]["alone"]) == (1, True, FIRST["alone"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"parts": {"alone": "x" * 2001}, "base": 0}, 400, "too_long"),
        ({"parts": {}, "base": 0}, 400, "empty"),
        ({"parts": "text", "base": 0}, 400, "bad_plan"),
        ({"parts": FIRST}, 400, "bad_plan"),
        ({"parts": FIRST, "base": True}, 400, "bad_plan"),
        ({"parts": FIRST, "base": -1}, 400, "bad_plan"),
        ({"parts": FIRST, "base": 3}, 409, "changed"),
        ({"parts": FIRST, "base": 0, "token": "nobody"}, 403, "unknown_key"),
        ({"parts": {"alone": "x" * 300_000}, "base": 0}, 413, "too_long"),
    ],
)
def test_the_clients_page_is_refused_by_name(asks, body, status, code):
    answer = asks("save", **body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert versions() == []


def test_a_part_that_is_too_long_is_named_by_its_heading(asks):
    detail = asks("save", parts={"alone": "x" * 2001}, base=0).json()["error"]["detail"]
    assert detail.startswith("What I can do alone: ")


def test_a_full_plan_of_the_longest_letters_fits_the_request(asks):
    assert asks("save", parts=dict.fromkeys(safety_plans.PARTS, "\U0001f33f" * 2000), base=0).status_code == 200


def test_with_an_open_alert_the_client_reads_and_is_told_who_changes_it(asks, writer):
    asks("save", parts=FIRST, base=0)
    writer.writes("[high] I cannot go on")
    assert asks("read").json()["may_edit"] is False
    answer = asks("save", parts={"alone": "a swim"}, base=1)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "flag_open")


# -- Comparing


def test_two_versions_are_compared_word_by_word():
    assert list(stretches("call Sam at night", "call Kim at night")) == [
        Stretch("same", "call "),
        Stretch("removed", "Sam"),
        Stretch("added", "Kim"),
        Stretch("same", " at night"),
    ]
    changed = [one.key for one in compare({"signs": "a", "alone": "b"}, {"signs": "a", "alone": "c"}) if one.is_changed]
    assert changed == ["alone"]


def test_two_words_that_changed_side_by_side_read_as_one_change():
    assert list(stretches("Sam next door", "Sam from work")) == [
        Stretch("same", "Sam "),
        Stretch("removed", "next door"),
        Stretch("added", "from work"),
    ]


def test_a_comparison_loses_no_character_of_either_version():
    earlier, later = "one\n two  three", "one two\n\nthree four"
    found = list(stretches(earlier, later))
    assert "".join(one.text for one in found if one.kind != "added") == earlier
    assert "".join(one.text for one in found if one.kind != "removed") == later
