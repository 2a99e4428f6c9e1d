"""The pages of the risk model over HTTP: who may, two clinicians, refusals in words, and nothing typed is lost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.permissions import Role
from audit.models import Entry
from counselling import risk_pages
from riskmodel import artefacts
from tests.people import make_member, sign_in
from tests.stories import Clock, a_client_starts, trail
from triage import setups
from triage.models import Message, ScoringSetup, ShadowScore

pytestmark = pytest.mark.django_db(transaction=True)

OVERVIEW = "/risk-model/"
HOW = {
    "levels": {
        "moderate": {"alpha": 0.1, "positives": 1526, "conformal": 0.3, "least": 0.6, "misses": 296, "reached": False},
        "high": {"alpha": 0.05, "positives": 784, "conformal": 0.3, "least": 0.2, "misses": 30, "reached": True},
        "imminent": {"alpha": 0.025, "positives": 267, "conformal": 0.1, "least": 0.1, "misses": 4, "reached": True},
    },
    "on": "2026-11-20",
}


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
def proposed(clinician, clock):
    return setups.propose(member=clinician, at=clock.now)


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


def page(name, *args):
    return reverse(f"counselling:risk_{name}", args=args)


def text(answer):
    return " ".join(answer.content.decode().split())


def state(setup):
    return ScoringSetup.objects.get(pk=setup.pk).state


def approve_by(setup, clock, *members):
    for member in members:
        setups.approve(member=member, setup_id=setup.pk, at=clock.now)


def in_shadow(setup, writer, clock, said, level):
    """The writer's message and what the candidate would have said of it."""
    writer.writes(said)
    message = Message.objects.filter(conversation_id=writer.conversation_id, sender="client").latest("seq")
    ShadowScore.objects.create(message=message, setup=setup, level=level, probability=0.5, scored_at=clock.now)


def with_own_thresholds(setup):
    ScoringSetup.objects.filter(pk=setup.pk).update(levels=[0.8, 0.6, 0.2, 0.1], how=HOW)


# -- What scores now


def test_the_overview_names_version_corpus_and_every_threshold_with_what_it_rests_on(at_work, supervisor):
    shown = text(at_work(supervisor).get(OVERVIEW))
    manifest = artefacts.load().manifest
    assert manifest["version"] in shown
    assert f"{sum(manifest['rows'].values())} messages" in shown
    for level, how in manifest["thresholds"]["chosen"].items():
        assert f"{manifest['thresholds']['levels'][level]:.3f}" in shown
        assert f">{how['positives']}</td>" in shown


def test_wherever_a_guarantee_stands_it_says_that_it_does_not_hold_under_drift(at_work, clinician, proposed):
    with_own_thresholds(proposed)
    shown = text(at_work(clinician).get(page("candidate", proposed.pk)))
    for share in ("5 %", "2.5 %"):
        assert f"At most {share} are expected to be missed. This does not hold under drift." in shown
    assert "Calibrated on 20 November 2026" in shown


def test_a_share_that_is_not_reached_is_said_plainly_and_with_what_was_missed_instead(at_work, clinician, proposed):
    with_own_thresholds(proposed)
    shown = text(at_work(clinician).get(page("candidate", proposed.pk)))
    assert "The accepted share of misses is not reached at every level." in shown
    assert "296 of 1526 (19.4 %) were missed in calibration. There is no guarantee at this level." in shown
    assert "At most 10 %" not in shown


def test_thresholds_without_figures_promise_nothing(proposed):
    ScoringSetup.objects.filter(pk=proposed.pk).update(levels=[0.8, 0.6, 0.2, 0.1])
    setup = ScoringSetup.objects.get(pk=proposed.pk)
    assert {row.reached for row in risk_pages.model_of(setup.model_version, setup).thresholds.rows} == {None}


@pytest.mark.parametrize("role", ["supervisor", "clinician", "administrator"])
def test_no_page_calls_anything_low_risk_or_safe(at_work, clinic, proposed, role):
    browser = at_work(make_member(clinic, role, "Somebody"))
    for path in (OVERVIEW, page("candidates"), page("candidate", proposed.pk)):
        shown = text(browser.get(path)).lower()
        assert "low risk" not in shown
        assert "no risk" not in shown


def test_a_version_that_is_refused_is_shown_with_the_exact_reason(at_work, clinician, proposed):
    ScoringSetup.objects.filter(pk=proposed.pk).update(model_version="en1-000000000000")
    shown = text(at_work(clinician).get(page("candidate", proposed.pk)))
    assert "no manifest for version en1-000000000000" in shown
    assert "Promote…" not in shown


def test_figures_by_group_are_shown_and_a_gap_says_that_it_blocks():
    group = {"dangerous": 40, "missed": 20, "harmless": 30, "false alarms": 3, "too few to tell": False}
    few = {"kind": "language", "group": "es", "dangerous": 0, "missed": 0, "harmless": 0, "false alarms": 0}
    fairness = {
        "overall": group | {"missed": 4},
        "groups": [few | {"too few to tell": True}, {"kind": "register", "group": "teen", "blocks": True} | group],
        "blocks": True,
        "why": ["register teen: missed 20 of 40 (50%), of all rows 10%"],
    }
    assert [(one.name, one.missed, one.note) for one in risk_pages.groups_of(fairness)] == [
        ("Everybody", "4 of 40 (10 %)", ""),
        ("teen (register)", "20 of 40 (50 %)", "blocks promotion"),
        ("es (language)", "none to tell by", "too few to tell"),
    ]
    assert risk_pages.block_of(fairness) == "register teen: missed 20 of 40 (50%), of all rows 10%"
    assert risk_pages.block_of(fairness | {"blocks": False}) == ""


# -- From a proposal to use


def test_a_clinician_proposes_and_nothing_is_different_yet(at_work, clinician):
    answer = at_work(clinician).post(page("propose"), {"version": "", "thresholds": "version"}, follow=True)
    setup = ScoringSetup.objects.get()
    assert (setup.proposed_by, setup.state, setup.levels) == (clinician, "proposed", None)
    assert "Nothing is different yet: two clinicians decide." in text(answer)
    assert setups.in_force(clinician) is None


@pytest.mark.parametrize("share", ["0", "-1", "51", "lots", "", "1e9", "NaN", "2.123"])
def test_a_share_that_cannot_be_is_refused_beside_its_field_and_nothing_typed_is_lost(at_work, clinician, share):
    typed = {"version": "", "thresholds": "own", "moderate": "12.5", "high": share, "imminent": "1"}
    answer = at_work(clinician).post(page("propose"), typed)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["high"]
    assert "above 0 and at most 50" in text(answer)
    assert 'value="12.5"' in text(answer)
    assert answer.context["form"]["thresholds"].value() == "own"
    assert not ScoringSetup.objects.exists()


def test_a_version_that_is_not_on_this_machine_is_refused(at_work, clinician):
    answer = at_work(clinician).post(page("propose"), {"version": "../../etc", "thresholds": "version"})
    assert (answer.status_code, "No such version is on this machine." in text(answer)) == (400, True)


def test_two_clinicians_put_a_candidate_in_force_by_its_pages(at_work, clinic, clinician, second_clinician, proposed):
    at_work(clinician).post(page("shadow", proposed.pk))
    assert state(proposed) == "shadow"
    at_work(clinician).post(page("approve", proposed.pk))
    shown = text(at_work(clinician).get(page("candidate", proposed.pk)))
    assert "<strong>1 of 2</strong> clinicians have approved." in shown
    assert "You have approved this candidate." in shown
    assert page("promote", proposed.pk) not in shown, "no button for what is not possible yet"
    at_work(second_clinician).post(page("approve", proposed.pk))
    asked = text(at_work(second_clinician).get(page("promote", proposed.pk)))
    assert "From now on every message of this clinic is scored by" in asked
    assert f"{clinician.user.name}, " in asked
    assert f"{second_clinician.user.name}, " in asked
    at_work(second_clinician).post(page("promote", proposed.pk))
    assert setups.in_force(clinician) == proposed
    assert "Proposed by Clinician One." in text(at_work(clinician).get(OVERVIEW))


def test_looking_at_a_question_does_nothing(at_work, clinician, second_clinician, proposed, clock):
    approve_by(proposed, clock, clinician, second_clinician)
    before = Entry.objects.count()
    for act in ("shadow", "approve", "promote", "withdraw"):
        assert at_work(clinician).get(page(act, proposed.pk)).status_code == 200
    assert (state(proposed), Entry.objects.count()) == ("proposed", before)


def test_one_approval_is_not_enough_and_the_page_says_how_many_there_are(at_work, clinician, proposed, clock):
    approve_by(proposed, clock, clinician)
    asked = text(at_work(clinician).get(page("promote", proposed.pk)))
    assert "1 of 2 clinicians have approved. Two different ones must." in asked
    answer = at_work(clinician).post(page("promote", proposed.pk), follow=True)
    assert "Nothing was done: 1 of 2 clinicians have approved." in text(answer)
    assert state(proposed) == "proposed"


def test_an_approval_of_somebody_who_left_is_shown_and_does_not_count(
    at_work, clinician, second_clinician, proposed, clock
):
    approve_by(proposed, clock, clinician, second_clinician)
    second_clinician.is_active = False
    second_clinician.save()
    shown = text(at_work(clinician).get(page("candidate", proposed.pk)))
    assert "does not count any more" in shown
    assert "<strong>1 of 2</strong>" in shown


def test_a_second_candidate_in_shadow_is_refused_with_the_reason(at_work, clinician, proposed, clock):
    setups.start_shadow(member=clinician, setup_id=proposed.pk, at=clock.now)
    other = setups.propose(member=clinician, at=clock.forward(seconds=1))
    assert "Another candidate is in shadow." in text(at_work(clinician).get(page("shadow", other.pk)))
    answer = at_work(clinician).post(page("shadow", other.pk), follow=True)
    assert "Nothing was done: another candidate is in shadow." in text(answer)


def test_promoting_without_shadow_warns_that_nobody_knows_what_is_lost(
    at_work, clinician, second_clinician, proposed, clock
):
    approve_by(proposed, clock, clinician, second_clinician)
    assert "It has not been in shadow." in text(at_work(clinician).get(page("promote", proposed.pk)))


def test_what_was_given_up_meanwhile_by_a_colleague_is_said_and_not_done(at_work, clinician, proposed, clock):
    setups.withdraw(member=clinician, setup_id=proposed.pk, at=clock.now)
    answer = at_work(clinician).post(page("approve", proposed.pk), follow=True)
    assert "Nothing was done: the setup is withdrawn." in text(answer)


def test_one_clinician_rolls_back_and_reads_first_what_will_score_then(
    at_work, clinician, second_clinician, proposed, clock
):
    approve_by(proposed, clock, clinician, second_clinician)
    setups.promote(member=clinician, setup_id=proposed.pk, at=clock.now)
    assert "the version that is shipped, with its own thresholds" in text(at_work(clinician).get(page("roll_back")))
    answer = at_work(clinician).post(page("roll_back"), follow=True)
    assert "Rolled back. From now on the shipped version" in text(answer)
    again = at_work(clinician).post(page("roll_back"), follow=True)
    assert "Nothing can be rolled back" in text(again)


@pytest.mark.parametrize("role", ["supervisor", "administrator"])
def test_who_only_looks_sees_no_button_and_is_refused_by_every_address(at_work, clinic, proposed, role):
    browser = at_work(make_member(clinic, role, "Somebody"))
    shown = text(browser.get(page("candidate", proposed.pk)))
    for act in ("shadow", "approve", "promote", "withdraw"):
        assert page(act, proposed.pk) not in shown
        assert browser.post(page(act, proposed.pk)).status_code == 403
    assert page("propose") not in text(browser.get(page("candidates")))
    assert "Clinicians decide about candidates." in shown
    assert state(proposed) == "proposed"


# -- The list


def test_the_list_is_filtered_by_state_ordered_and_paged(at_work, clinician, clock):
    for _ in range(26):
        last = setups.propose(member=clinician, at=clock.forward(seconds=60))
    setups.withdraw(member=clinician, setup_id=last.pk, at=clock.now)
    browser = at_work(clinician)

    def rows(query):
        return [row.pk for row in browser.get(f"{page('candidates')}?{query}").context["page"]]

    assert rows("")[0] == last.pk
    assert rows("state=withdrawn") == [last.pk]
    assert len(rows("state=proposed")) == 25
    assert rows("order=oldest&page=2") == [last.pk]
    assert "Nothing fits this filter" in text(browser.get(f"{page('candidates')}?state=replaced"))
    assert "could not be narrowed as asked" in text(browser.get(f"{page('candidates')}?state=nonsense"))


def test_an_empty_list_says_what_scores_instead(at_work, supervisor):
    assert "The clinic scores with the version that is shipped." in text(at_work(supervisor).get(page("candidates")))


# -- What a candidate would change


@pytest.fixture
def compared(proposed, clinician, clinic, clock, writer):
    """A candidate in shadow that loses one alert and gains another."""
    setups.start_shadow(member=clinician, setup_id=proposed.pk, at=clock.now)
    in_shadow(proposed, writer, clock, "[high] I have written my letters", "none")
    in_shadow(proposed, a_client_starts(clinic, clock), clock, "the bridge is on my way home", "moderate")
    return proposed


def test_counts_and_differences_are_shown_without_a_word_of_a_client(at_work, supervisor, compared, writer):
    answer = at_work(supervisor).get(page("candidate", compared.pk))
    assert (answer.context["counts"].lost, answer.context["counts"].gained) == (1, 1)
    shown = text(answer)
    assert writer.conversation.client.pseudonym in shown
    assert "letters" not in shown
    assert "bridge" not in shown
    assert "transcript.viewed" not in trail(writer.conversation_id)


def test_words_are_shown_only_when_asked_for_and_each_reading_is_recorded(at_work, supervisor, compared, writer):
    shown = text(at_work(supervisor).get(page("messages", compared.pk) + "?change=lost"))
    assert "I have written my letters" in shown
    assert "bridge" not in shown
    assert trail(writer.conversation_id)[-1] == "transcript.viewed"


def test_an_administrator_sees_counts_and_may_not_read(at_work, administrator, compared, writer):
    browser = at_work(administrator)
    assert "Show the messages" not in text(browser.get(page("candidate", compared.pk)))
    assert browser.get(page("messages", compared.pk)).status_code == 403
    assert "transcript.viewed" not in trail(writer.conversation_id)


def test_a_counsellor_who_reads_transcripts_does_not_read_them_here(at_work, counsellor, compared):
    assert at_work(counsellor).get(page("messages", compared.pk)).status_code == 403


@pytest.mark.parametrize(("change", "count"), [("", 2), ("lost", 1), ("gained", 1), ("later", 0), ("nonsense", 2)])
def test_differences_are_narrowed_by_what_changes(at_work, supervisor, compared, change, count):
    answer = at_work(supervisor).get(f"{page('candidate', compared.pk)}?change={change}&page=99")
    assert len(answer.context["rows"]) == count


def test_markup_of_a_client_is_text(at_work, supervisor, proposed, clinician, writer, clock):
    setups.start_shadow(member=clinician, setup_id=proposed.pk, at=clock.now)
    in_shadow(proposed, writer, clock, "[high]<script>alert(1)</script>", "none")
    shown = text(at_work(supervisor).get(page("messages", proposed.pk)))
    assert "&lt;script&gt;alert(1)" in shown


def test_a_longer_list_counts_the_approvals_without_more_questions_to_the_database(
    at_work, clinician, second_clinician, clock
):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            found = setups.setups_of(clinician)
        return len(queries), [one.counting for one in found]

    approve_by(setups.propose(member=clinician, at=clock.now), clock, clinician, second_clinician)
    once, counted = asked()
    assert counted == [2]
    for _ in range(3):
        setups.propose(member=clinician, at=clock.forward(seconds=60))
    assert asked() == (once, [0, 0, 0, 2])
