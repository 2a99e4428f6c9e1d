"""The pages of care in Chromium: tasks, totals with their trend, answers; in each size and scheme, without a script."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import screened
from tests.browser.desks import PAGE_SIZES, card_of
from tests.stories import Clock, a_client_starts
from triage import care_tasks
from triage.models import CareTask

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def weeks(clinic, counsellor, settings):
    """A client of nine weeks with every kind of screening, a task that is late, one to do and one done."""
    settings.RISK_SCORER = "tests.fakes.marked"
    now = timezone.now()
    writer = a_client_starts(clinic, Clock(now - timedelta(weeks=9)))
    told = ([1] * 9, [2, 2, 1, 1, 1, 1, 1, 1, 0], [2, 2, 2, 2, 2, None, 1, 1, 0], [3, 3, 2, 2, 2, 2, 2, 2, 1], [3] * 9)
    for week, values in zip((9, 7, 4, 3, 2), told, strict=True):
        last = screened.answers(writer, "phq9", values, at=now - timedelta(weeks=week))
    screened.answers(writer, "gad7", [3, 3, 3, 2, 2, 2, 1], at=now - timedelta(hours=20))
    screened.answers(writer, "asq", [0, 1, 0, 0, 0], at=now - timedelta(hours=2))
    screened.answers(writer, "phq9", [2, 1, None], at=now - timedelta(hours=1), whole=False)
    writer.clock.now = now
    screened.leaves(writer)
    tasks = {one.screening_id: one for one in CareTask.objects.all()}
    care_tasks.finish(member=counsellor, task_id=tasks[last.pk].pk, at=last.finished_at + timedelta(hours=3))
    other = a_client_starts(clinic, Clock(now - timedelta(days=3)))
    late = screened.answers(other, "phq9", [3] * 8 + [0])
    return {"writer": writer, "client": last.client_id, "worst": last, "late": late}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", PAGE_SIZES)
def test_every_page_is_readable_in_every_size_and_scheme(page_of, weeks, supervisor, axe, shots, size, scheme):
    client = weeks["client"]
    views = {
        "tasks": "/care/",
        "done": "/care/?show=all",
        "nothing-fits": "/care/?show=done&kind=screening_review&order=nonsense",
        "screenings": f"/clients/{client}/screenings/",
        "none-fits": f"/clients/{client}/screenings/?instrument=audit_c",
        "answers": f"/screenings/{weeks['worst'].pk}/",
        "late": f"/screenings/{weeks['late'].pk}/",
        "review": f"/reviews/{weeks['writer'].conversation_id}/",
    }
    for name, path in views.items():
        page = page_of(supervisor, path, size=size, color_scheme=scheme)
        wrong = [told for told in page.problems if "400" not in told]
        assert not wrong, "before the screenshot and axe, which put styles of their own into the page"
        shots(page, f"care_{size}-{scheme}-{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        axe(page)


def test_a_task_is_read_and_done_by_keyboard_alone_and_without_a_script(page_of, weeks, counsellor):
    page = page_of(counsellor, "/care/?show=overdue", java_script_enabled=False)
    expect(page.get_by_text("Overdue by")).to_be_visible()
    page.get_by_role("link", name="Answers of").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="Nearly every day")).to_have_count(8)
    page.get_by_role("button", name="I have read them: done").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Stored: you did this task.")).to_be_visible()
    expect(page.get_by_text("Read and done.")).to_be_visible()
    assert screened.task_of(weeks["late"]).done_by == counsellor


def test_filters_stay_after_a_task_was_done(page_of, weeks, clinician):
    page = page_of(clinician, "/care/?show=all&order=due_last")
    page.get_by_role("button", name="Done with: Read the answers of a screening: GAD-7").click()
    expect(page.get_by_label("Show")).to_have_value("all")
    expect(page.get_by_label("Order")).to_have_value("due_last")
    expect(page.get_by_role("row", name="GAD-7").get_by_text(clinician.user.name)).to_be_visible()


def test_a_client_without_a_screening_and_a_clinic_without_a_task_are_said_to_have_none(
    page_of, writer, clinician, shots, axe
):
    for name, path, title in (
        ("no-task", "/care/", "No task yet"),
        ("no-screening", f"/clients/{writer.conversation.client_id}/screenings/", "No screening yet"),
    ):
        page = page_of(clinician, path)
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        shots(page, f"care_wide-light-{name}")
        axe(page)


def test_the_desk_says_that_an_answer_in_a_screening_called(desk_of, writer, counsellor, shots, axe):
    for said in ("answer questions", "About very hard thoughts", "Yes, ask me", "Yes"):
        writer.writes(said)
    page = desk_of(counsellor)
    expect(card_of(page, writer)).to_contain_text("High risk: an answer in a screening")
    card_of(page, writer).click()
    expect(page.locator(".line").filter(has_text="Yes, ask me").first).to_be_visible()
    link = page.get_by_role("link", name="Screenings of this client…")
    expect(link).to_have_attribute("href", f"/clients/{writer.conversation.client_id}/screenings/")
    assert not page.problems
    shots(page, "care_wide-light-desk")
    axe(page)
