"""What a client's screenings came to: exact numbers, no finding, each reading on the trail (INS-1, INS-3, AUD-2)."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.access import NotPermitted
from audit.models import Entry
from counselling import care_pages
from counselling.care_pages import WantedScreenings
from counselling.care_trend import Reading, trend_of
from tests import screened
from tests.people import sign_in
from tests.stories import Clock, a_client_starts
from triage.models import Alert, Screening
from triage.screenings.instruments import instrument

pytestmark = pytest.mark.django_db(transaction=True)

NO_DIAGNOSIS = "A band is no diagnosis"


@pytest.fixture
def clock():
    return Clock(timezone.now() - timedelta(days=3))


@pytest.fixture
def writer(clinic, clock):
    return a_client_starts(clinic, clock)


def shown(answer):
    return " ".join(answer.content.decode().split())


def page_of(client, member, screening):
    return shown(sign_in(client, member).get(reverse("counselling:care_screenings", args=[screening.client_id])))


def answers_of(client, member, screening):
    return shown(sign_in(client, member).get(reverse("counselling:care_answers", args=[screening.pk])))


def read(member, screening, **wanted):
    return care_pages.read_screenings(
        member=member, client_id=screening.client_id, wanted=WantedScreenings(**wanted), at=timezone.now()
    )


# -- The list


def test_total_and_band_stand_with_the_sentence_that_a_band_is_no_diagnosis(client, writer, counsellor):
    page = page_of(client, counsellor, screened.answers(writer, "phq9", [2] * 8 + [0]))
    assert '<strong>16</strong> <span class="muted">of 27</span>' in page
    assert "moderately severe" in page
    assert NO_DIAGNOSIS in page


def test_a_screening_left_in_the_middle_says_how_far_it_came_and_has_no_total(client, writer, counsellor):
    screening = screened.answers(writer, "phq9", [1, 2, screened.REFUSED], whole=False)
    screened.leaves(writer)
    page = page_of(client, counsellor, screening)
    assert "Left in the middle: 3 of 9 answered" in page
    assert "1 skipped" in page
    assert "no total" in page


def test_one_that_is_under_way_says_so(client, writer, counsellor):
    screening = screened.answers(writer, "gad7", [1, 2], whole=False)
    assert "Under way: 2 of 7 answered" in page_of(client, counsellor, screening)


def test_a_total_that_fills_missing_items_says_so_and_too_many_make_none(client, writer, counsellor):
    screened.answers(writer, "phq9", [1] * 7 + [screened.REFUSED, 0])
    last = screened.answers(writer, "phq9", [screened.REFUSED] * 3 + [1] * 5 + [0])
    page = page_of(client, counsellor, last)
    assert "1 left out, filled with the mean of the others" in page
    assert "3 left out: too many for a total" in page


def test_an_instrument_without_a_total_is_not_called_incomplete(client, writer, counsellor):
    page = page_of(client, counsellor, screened.answers(writer, "asq", [0] * 4))
    assert "made without one" in page
    assert "left out" not in page


def test_what_an_answer_called_for_is_shown_and_no_word_says_that_somebody_is_safe(client, writer, counsellor):
    page = page_of(client, counsellor, screened.answers(writer, "asq", [0, 1, 0, 0, 0]))
    assert "High risk" in page
    assert "low risk" not in page.lower()
    assert "is not known to be safe" in page


def test_the_list_is_narrowed_and_ordered(writer, counsellor):
    first = screened.answers(writer, "phq2", [1, 1])
    second = screened.answers(writer, "gad2", [1, 1])
    assert [row.screening.pk for row in read(counsellor, first).rows] == [second.pk, first.pk]
    assert [row.screening.pk for row in read(counsellor, first, order="oldest").rows] == [first.pk, second.pk]
    assert [row.screening.pk for row in read(counsellor, first, instrument="gad2").rows] == [second.pk]
    assert read(counsellor, first, state="left").rows == []


def test_every_client_of_a_clinic_is_shown_to_its_own_staff_only(writer, other_counsellor, administrator):
    screening = screened.answers(writer, "phq2", [1, 1])
    with pytest.raises(care_pages.UnknownClient):
        read(other_counsellor, screening)
    with pytest.raises(NotPermitted):
        read(administrator, screening)
    assert not Entry.objects.filter(action="screening.listed").exists()


def test_reading_the_list_is_recorded_with_what_was_shown_and_no_number(writer, counsellor):
    screening = screened.answers(writer, "phq2", [3, 3])
    read(counsellor, screening)
    entry = Entry.objects.get(action="screening.listed")
    assert (entry.agent_id, entry.entity_id) == (str(counsellor.pk), str(screening.client_id))
    assert json.loads(entry.detail) == {"where": "care", "screenings": [str(screening.pk)]}


# -- The trend


def test_the_trend_is_a_picture_of_the_server_with_its_table_beside_it(client, writer, counsellor):
    screened.answers(writer, "phq2", [1, 1])
    last = screened.answers(writer, "phq2", [3, 2])
    page = page_of(client, counsellor, last)
    assert "<svg" in page
    assert "PHQ-2: 2 totals, from 2 to 5 of 6. The last is 3 more than before." in page
    assert 'aria-label="Totals of PHQ-2"' in page
    assert "<script" not in page
    assert " style=" not in page


def test_one_total_is_no_trend_and_a_screening_without_one_is_no_point(writer, counsellor):
    screened.answers(writer, "phq2", [1, 1])
    last = screened.answers(writer, "phq2", [3, screened.REFUSED])
    [trend] = read(counsellor, last).trends
    assert [one.total for one in trend.readings] == [2]
    assert trend.summary == "PHQ-2: one total so far, 2 of 6."


def test_time_runs_in_the_picture_as_it_passed(clock):
    days = (0, 1, 10)
    trend = trend_of(instrument("phq9"), [Reading(clock.now + timedelta(days=day), 9) for day in days])
    first, second, last = (point.x for point in trend.points)
    assert (second - first) * 9 == pytest.approx(last - second, abs=2)


def test_the_highest_total_stands_at_the_top_and_nothing_lies_outside(clock):
    trend = trend_of(instrument("phq9"), [Reading(clock.now, 0), Reading(clock.now + timedelta(days=1), 27)])
    low, high = trend.points
    assert (low.y, high.y) == (trend.marks[0].y, trend.marks[-1].y)
    assert all(point.word_y - 8 >= 0 and point.x <= trend.right for point in trend.points)


def test_numbers_that_would_lie_on_each_other_give_way_to_the_last(clock):
    readings = [Reading(clock.now + timedelta(minutes=minute), 5) for minute in (0, 60, 61)]
    assert [point.word for point in trend_of(instrument("phq9"), readings).points] == ["5", "", "5"]


# -- The answers


def test_each_answer_stands_under_the_question_as_it_was_asked(client, writer, clinician):
    page = answers_of(client, clinician, screened.answers(writer, "phq9", [3] * 8 + [2]))
    assert "Little interest or pleasure in doing things" in page
    assert "Nearly every day" in page
    assert "More than half the days" in page
    assert "High risk" in page
    assert "A band is no diagnosis" in page


def test_a_question_that_was_not_asked_differs_from_one_that_was_refused(client, writer, counsellor):
    page = answers_of(client, counsellor, screened.answers(writer, "gad7", [screened.REFUSED, 1], whole=False))
    assert page.count("Would rather not say") == 1
    assert page.count("Not asked") == 5


def test_reading_answers_is_recorded_in_the_conversation_and_the_entry_holds_no_answer(writer, counsellor):
    screening = screened.answers(writer, "phq9", [3] * 9)
    care_pages.read_answers(member=counsellor, screening_id=screening.pk, at=timezone.now())
    entry = Entry.objects.get(action="screening.viewed")
    assert entry.conversation_id == writer.conversation_id
    assert json.loads(entry.detail) == {"where": "care", "instrument": "phq9", "answers": 9}


def test_answers_are_closed_to_an_administrator_and_unknown_to_another_clinic(writer, administrator, other_counsellor):
    screening = screened.answers(writer, "phq2", [1, 1])
    for member, refusal in ((administrator, NotPermitted), (other_counsellor, care_pages.UnknownScreening)):
        with pytest.raises(refusal):
            care_pages.read_answers(member=member, screening_id=screening.pk, at=timezone.now())
    assert not Entry.objects.filter(action="screening.viewed").exists()


def test_a_definition_or_a_wording_of_another_day_is_said_and_numbers_stay(client, writer, counsellor):
    screening = screened.answers(writer, "phq2", [3, 3])
    Screening.objects.filter(pk=screening.pk).update(instrument_digest="a" * 64, content_digest="b" * 64)
    page = answers_of(client, counsellor, screening)
    assert "scored by an earlier definition" in page
    assert "only numbers stand here" in page
    assert "Question 1" in page
    assert "6 of 6" in page


def test_an_instrument_that_is_not_shipped_any_more_still_shows_what_was_answered(client, writer, counsellor):
    screening = screened.answers(writer, "phq2", [3, 2])
    Screening.objects.filter(pk=screening.pk).update(instrument="gone", content_digest="b" * 64)
    assert "gone" in page_of(client, counsellor, screening)
    assert "Question 2" in answers_of(client, counsellor, screening)


# -- On the other pages


def test_the_review_page_names_the_questionnaire_and_leads_to_the_screenings(client, writer, supervisor):
    screening = screened.answers(writer, "phq9", [3] * 8 + [1])
    page = shown(sign_in(client, supervisor).get(reverse("counselling:review", args=[writer.conversation_id])))
    assert reverse("counselling:care_screenings", args=[screening.client_id]) in page
    assert "An answer in a screening called for a person</strong>: PHQ-9, item 9, Moderate risk" in page
    assert "A client finished a screening</strong>: PHQ-9" in page
    assert "A task for a person was made</strong>: Read the answers of a screening" in page


def test_conversations_in_which_an_answer_called_can_be_asked_for(client, clinic, clock, writer, supervisor, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    for said in ("answer questions", "About very hard thoughts", "Yes, ask me", "Yes"):
        writer.writes(said)
    assert Alert.objects.get(conversation_id=writer.conversation_id).kind == "screening"
    other = a_client_starts(clinic, clock)
    other.writes("[high] I cannot go on")
    page = shown(sign_in(client, supervisor).get("/reviews/?alert=screening"))
    assert str(writer.conversation_id) in page
    assert str(other.conversation_id) not in page
