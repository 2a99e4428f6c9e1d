"""The pages of the bot's content over HTTP: what is said and why, decisions of two, what changed, and the preview."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.permissions import Role
from audit.models import Entry
from counselling import content_pages
from tests.people import make_member, sign_in
from tests.stories import Clock
from tests.triage.release_stories import MENU_LINE, OWN_MENU_LINE, edition, on_disk, own_folder, put_to_use, rewrite
from triage import releases, serving
from triage.models import ContentRelease, Conversation, Message

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/content/"


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    serving.forget()
    yield
    serving.forget()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def second_clinician(clinic):
    return make_member(clinic, Role.CLINICIAN, "Clinician Two")


@pytest.fixture
def at_work(client):
    """`at_work(member)`: the browser of that member."""
    return lambda member: sign_in(client, member)


@pytest.fixture
def folder(tmp_path, settings):
    return own_folder(tmp_path, settings)


def page(name, *args):
    return reverse(f"counselling:content_{name}", args=args)


def exact(item):
    return item.locale, item.key, item.digest


def text(answer):
    return " ".join(answer.content.decode().split())


# -- The list


def test_the_list_marks_sample_approvals_as_what_they_are(at_work, supervisor):
    told = text(at_work(supervisor).get(LIST))
    assert "items on sample approval." in told
    assert "nobody with a licence stands behind them" in told
    assert "5-4-3-2-1 grounding" in told or "Page 1 of" in told


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("kind=screening", "gad7", "breathing"),
        ("state=retired", "grounding", "paced_breathing"),
        ("state=sample&kind=exercise", "paced_breathing", ">grounding<"),
        ("locale=xx", "Nothing fits this filter", "grounding"),
        ("expiring=on", "Nothing fits this filter", "grounding"),
    ],
)
def test_the_list_is_narrowed_as_asked(at_work, clinician, clock, query, there, gone):
    releases.retire(clinician, "grounding", "en", reason="under review", at=clock.now)
    told = text(at_work(clinician).get(f"{LIST}?{query}"))
    assert there in told
    assert gone not in told


def test_a_filter_that_cannot_be_read_shows_everything_and_says_so(at_work, supervisor):
    told = text(at_work(supervisor).get(f"{LIST}?kind=poem"))
    assert "could not be narrowed as asked" in told
    assert "Page 1 of" in told


def test_the_list_is_ordered_and_goes_page_by_page(at_work, supervisor):
    browser = at_work(supervisor)
    assert text(browser.get(f"{LIST}?order=kind&page=2")) != text(browser.get(f"{LIST}?order=kind"))
    assert "page=2" in text(browser.get(f"{LIST}?order=kind"))


def test_content_that_is_broken_on_disk_is_named_with_its_line(folder, at_work, supervisor):
    (folder / "en" / "menu.toml").write_text('key = "menu"\nkind = =\n', encoding="utf-8")
    answer = at_work(supervisor).get(LIST)
    assert answer.status_code == 503
    assert "menu.toml, line 2" in text(answer)


# -- One item


def test_an_item_shows_every_text_that_a_client_can_see(at_work, supervisor):
    for key in ("grounding", "holding", "phq9"):
        item = on_disk(key)
        answer = at_work(supervisor).get(page("item", "en", key))
        told = answer.content.decode().replace("&#x27;", "'").replace("&quot;", '"')
        assert [shown for _, shown in item.sentences_shown() if shown not in told] == []
        assert item.digest in told
        assert item.evidence_source in told.replace("&amp;", "&")


def test_one_approval_leaves_a_sample_a_sample(at_work, clinician, clock):
    item = on_disk("grounding")
    releases.approve(clinician, *edition(item), at=clock.now)
    told = text(at_work(clinician).get(page("item", "en", "grounding")))
    assert "Approved by this clinic" not in told
    assert "nobody with a licence stands behind it" in told
    assert "grounding" in text(at_work(clinician).get(f"{LIST}?state=waiting"))


def test_supervisors_look_and_see_that_clinicians_decide(at_work, supervisor):
    told = text(at_work(supervisor).get(page("item", "en", "grounding")))
    assert "Clinicians decide what the bot says." in told
    assert "Approve…" not in told


def test_the_safety_path_says_why_it_cannot_be_retired(at_work, clinician):
    told = text(at_work(clinician).get(page("item", "en", "holding")))
    assert "it can be replaced, and never be left out" in told
    answer = at_work(clinician).post(page("retire", "en", "holding"), {"reason": "why"})
    assert answer.status_code == 400
    assert serving.catalogue_for(clinician.clinic_id).find("holding")


def test_two_clinicians_decide_on_the_pages(at_work, clinician, second_clinician):
    item = on_disk("grounding")
    told = text(at_work(clinician).post(page("approve", *exact(item)), follow=True))
    assert "Your approval is stored. Nothing is different for clients yet." in told
    assert "1 of 2 clinicians of this clinic have approved" in told
    assert "You have approved this edition." in told
    told = text(at_work(clinician).post(page("activate", *exact(item)), follow=True))
    assert "Not done: 1 of 2 clinicians have approved." in told
    at_work(second_clinician).post(page("approve", *exact(item)))
    told = text(at_work(second_clinician).post(page("activate", *exact(item)), follow=True))
    assert "In use." in told
    assert "Approved by this clinic" in told
    told = text(at_work(clinician).post(page("roll_back", "en", "grounding"), follow=True))
    assert "Rolled back to what the shipped approvals name." in told
    assert list(
        Entry.objects.filter(action__startswith="content.").order_by("id").values_list("action", flat=True)
    ) == [
        "content.approved",
        "content.approved",
        "content.activated",
        "content.rolled_back",
    ]


def test_what_changed_on_disk_since_the_page_was_read_is_not_approved_unseen(folder, at_work, clinician):
    read = on_disk("menu")
    rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE)
    assert at_work(clinician).post(page("approve", *exact(read))).status_code == 404
    assert ContentRelease.objects.count() == 0


def test_the_lint_is_shown_and_stands_in_the_way(folder, at_work, clinician):
    item = rewrite(folder, "menu", MENU_LINE, "I promise you will be fine. What now?")
    told = text(at_work(clinician).get(page("item", "en", "menu") + f"?edition={item.digest}"))
    assert "It cannot be approved like this:" in told
    assert "The lint refuses it, see below." in told
    told = text(at_work(clinician).post(page("approve", *exact(item)), follow=True))
    assert "Not done:" in told


def test_a_retirement_keeps_what_was_typed_when_it_is_refused(at_work, clinician):
    answer = at_work(clinician).post(page("retire", "en", "grounding"), {"reason": "x" * 301})
    assert answer.status_code == 400
    assert "x" * 301 in text(answer)
    told = text(at_work(clinician).post(page("retire", "en", "grounding"), {"reason": "under review"}, follow=True))
    assert "Retired." in told
    assert "by Clinician One: under review" in told


@pytest.mark.parametrize("path", ["/content/en/ghost/", "/content/xx/menu/", "/content/en/menu/?edition=ghost"])
def test_what_is_not_there_is_not_found(at_work, supervisor, path):
    assert at_work(supervisor).get(path).status_code == 404


def test_the_list_costs_as_many_statements_with_many_decisions_as_with_few(at_work, clinician, second_clinician, clock):
    browser = at_work(second_clinician)

    def asked():
        serving.forget()
        with CaptureQueriesContext(connection) as captured:
            browser.get(LIST)
        return len(captured)

    put_to_use(on_disk("grounding"), clock, clinician, second_clinician)
    asked()  # what is stored once is read once a process
    few = asked()
    for key in ("menu", "holding", "paced_breathing"):
        put_to_use(on_disk(key), clock, clinician, second_clinician)
    asked()
    assert asked() == few


# -- What changed


def test_what_is_approved_and_what_lies_on_disk_are_compared_word_by_word(
    folder, at_work, clinician, second_clinician, clock
):
    put_to_use(on_disk("menu"), clock, clinician, second_clinician)
    rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE)
    assert "Another edition waits" in text(at_work(clinician).get(page("item", "en", "menu")))
    told = text(at_work(clinician).get(page("compare", "en", "menu")))
    assert "<del>[removed: now]</del>" in told
    assert "<ins>[added: next]</ins>" in told
    assert "1 text or field differs." in told


def test_two_versions_that_are_the_same_say_so(at_work, supervisor):
    assert "No difference" in text(at_work(supervisor).get(page("compare", "en", "menu")))


def test_a_step_that_leads_elsewhere_is_a_change_too(folder):
    before = on_disk("menu")
    after = rewrite(folder, "menu", 'flow = "mood_check"', 'flow = "learn"', version=9)
    assert [change.name for change in content_pages.changes(before, after)] == ["version", "menu.to_mood leads"]


def test_pieces_put_together_are_the_two_texts(folder):
    before = on_disk("menu")
    after = rewrite(folder, "menu", MENU_LINE, "So, what would do you good?", version=9)
    for change in content_pages.changes(before, after):
        old = "".join(piece.text for piece in change.pieces if piece.kind != "added")
        new = "".join(piece.text for piece in change.pieces if piece.kind != "removed")
        assert old == content_pages.entries(before).get(change.name, "")
        assert new == content_pages.entries(after).get(change.name, "")
    assert [change.name for change in content_pages.changes(before, after)] == ["version", "menu.what_now"]


# -- The preview


def state_of(answer):
    return answer.context["state"]


def test_a_preview_talks_through_a_flow_and_stores_nothing(at_work, supervisor):
    item = on_disk("grounding")
    address, browser = page("preview", *exact(item)), at_work(supervisor)
    answer = browser.get(address)
    assert "This is a preview, not a conversation." in text(answer)
    assert item.nodes["offer"].texts[0] in text(answer)
    answer = browser.post(address, {"state": state_of(answer), "text": "Yes, start grounding"})
    assert item.nodes["see"].texts[0] in text(answer)
    answer = browser.post(address, {"state": state_of(answer), "text": "I want a person"})
    assert "a person is called now" in text(answer)
    assert answer.context["ended"]
    assert (Conversation.objects.count(), Message.objects.count(), Entry.objects.count()) == (0, 0, 0)


def test_a_preview_shows_what_an_answer_of_a_screening_would_call_for(at_work, supervisor):
    address, browser = page("preview", *exact(on_disk("asq"))), at_work(supervisor)
    answer = browser.get(address)
    for _ in range(8):
        if "raises an alert at once" in text(answer):
            return
        said = "Yes" if "Yes" in answer.context["choices"] else answer.context["choices"][0]
        answer = browser.post(address, {"state": state_of(answer), "text": said})
    pytest.fail("no answer raised an alert")


@pytest.mark.parametrize("state", ["", "forged", "a:b:c"])
def test_a_preview_that_was_tampered_with_starts_anew_and_says_so(at_work, supervisor, state):
    address = page("preview", *exact(on_disk("grounding")))
    answer = at_work(supervisor).post(address, {"state": state, "text": "yes"})
    assert answer.status_code == 200
    assert "so it starts anew" in text(answer)


def test_a_preview_of_another_edition_is_not_carried_on(at_work, supervisor):
    browser = at_work(supervisor)
    state = state_of(browser.get(page("preview", *exact(on_disk("menu")))))
    answer = browser.post(page("preview", *exact(on_disk("grounding"))), {"state": state, "text": "yes"})
    assert "so it starts anew" in text(answer)


@pytest.mark.parametrize("typed", ["", "   ", "x" * 2001])
def test_an_empty_or_endless_answer_is_refused_and_the_talk_stays(at_work, supervisor, typed):
    address, browser = page("preview", *exact(on_disk("grounding"))), at_work(supervisor)
    first = browser.get(address)
    answer = browser.post(address, {"state": state_of(first), "text": typed})
    assert answer.status_code == 400
    assert state_of(answer) == state_of(first)


def test_an_item_of_bare_texts_has_nothing_to_talk_through(at_work, supervisor):
    told = text(at_work(supervisor).get(page("preview", *exact(on_disk("controls")))))
    assert "Nothing to talk through" in told


def test_an_unapproved_edition_can_be_previewed_before_anybody_decides(folder, at_work, clinician):
    item = rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE, version=9)
    told = text(at_work(clinician).get(page("preview", *exact(item))))
    assert OWN_MENU_LINE in told
    assert edition(item)[2] == 9
