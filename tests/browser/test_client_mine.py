"""What is remembered about a client, and what they wrote in an exercise, in Chromium: seen, kept, printed, erased."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.client_pages import DESK, PHONE, riverside, the_conversation, visit
from triage.bot.catalogue import current_catalogue
from triage.bot.position import Position
from triage.models import ClientMemory, MoodCheck

__all__ = ["riverside", "visit"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [
    pytest.param(PHONE, "light", id="phone-light"),
    pytest.param(PHONE, "dark", id="phone-dark"),
    pytest.param(DESK, "light", id="desk-light"),
    pytest.param(DESK, "dark", id="desk-dark"),
]
PLACE = "The kitchen, before work."
FRIEND = "That one bad morning is not the whole of me."


def stands_in(flow, node):
    conversation = the_conversation()
    conversation.bot_position = Position(flow, node, current_catalogue().find(flow).version, {}).to_json()
    conversation.save(update_fields=["bot_position"])


def answers(client, text):
    """Write or press an answer and wait for the next question."""
    newest = client.page.locator("#log .bot[data-seq]").last.get_attribute("data-seq")
    client.writes(text)
    expect(client.page.locator("#log .bot[data-seq]").last).not_to_have_attribute("data-seq", newest)


def does_a_thought_record(client):
    client.starts()
    answers(client, "Try a short exercise")
    answers(client, "Quieten a busy mind")
    answers(client, "Look at a hard thought")
    answers(client, "Yes, start the thought record")
    for text in (PLACE, "Tired", "6", "Skip", "Done", "Skip", FRIEND, "Skip", "4"):
        answers(client, text)
    expect(client.page.get_by_role("button", name="Keep or print what I wrote")).to_have_count(0)
    answers(client, "Better")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_what_was_written_in_an_exercise_can_be_kept_and_printed_and_is_sent_nowhere(
    visit, axe, shots, size, scheme, tmp_path
):
    client = visit(viewport=size, color_scheme=scheme)
    page = client.page
    does_a_thought_record(client)
    opener = page.get_by_role("button", name="Keep or print what I wrote")
    expect(opener).to_have_count(1)
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method != "GET" else None)
    opener.click()
    dialog = page.get_by_role("dialog", name="What I wrote")
    expect(dialog.get_by_role("heading")).to_be_focused()
    expect(dialog.locator("dd")).to_have_text([PLACE, "Tired", "6", FRIEND, "4"])
    axe(page)
    shots(page, f"summary-{size['width']}-{scheme}")
    with page.expect_download() as saved:
        dialog.get_by_role("button", name="Save as a text file").click()
    saved.value.save_as(tmp_path / "kept.txt")
    kept = Path(tmp_path / "kept.txt").read_text()
    assert kept.startswith("What I wrote\n")
    assert f"Where were you, and what was going on?\n{PLACE}\n" in kept
    page.emulate_media(media="print", color_scheme="light")
    expect(dialog.get_by_text(FRIEND)).to_be_visible()
    for hidden in ("#log", "#leave", ".summary button >> nth=0"):
        expect(page.locator(hidden).first).to_be_hidden()
    shots(page, f"summary-{size['width']}-{scheme}-print")
    page.emulate_media(media="screen", color_scheme=scheme)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    assert sent == []


def test_the_summary_is_there_again_after_a_reload(visit):
    client = visit()
    does_a_thought_record(client)
    client.page.reload()
    client.presses("Keep or print what I wrote")
    expect(client.page.locator(".summary dd").first).to_have_text(PLACE)


def test_where_nothing_was_written_nothing_is_offered_to_keep(visit):
    client = visit()
    client.starts()
    for text in ("Try a short exercise", "Quieten a busy mind", "Look at a hard thought"):
        answers(client, text)
    answers(client, "Yes, start the thought record")
    answers(client, "Skip")
    client.writes("Stop here")
    client.sees_sent("Stop here")
    client.sees("What would you like")
    expect(client.page.get_by_role("button", name="Keep or print what I wrote")).to_have_count(0)


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_a_client_sees_changes_and_erases_what_is_remembered(visit, axe, shots, size, scheme):
    client = visit(viewport=size, color_scheme=scheme)
    page = client.page

    def check(state):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{state} scrolls sideways"
        axe(page)
        shots(page, f"mine-{size['width']}-{scheme}-{state}")

    client.starts()
    for mood in ("3", "5", "4", "7"):
        stands_in("mood_check", "ask")
        answers(client, mood)
    stands_in("grounding", "after")
    answers(client, "Better")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="What is remembered about me").click()
    client.sees("Grounding")
    expect(page.locator("#mine-chart circle")).to_have_count(4)
    expect(page.locator("#mine-rows td:last-child")).to_have_text(["7 of 10", "4 of 10", "5 of 10", "3 of 10"])
    page.get_by_label("What may our team call you?").fill("x" * 41)
    client.presses("Save the name")
    client.sees("A name can have 40 characters; this one has 41.")
    page.get_by_label("What may our team call you?").fill("Robin")
    client.presses("Save the name")
    client.sees("The name is saved.")
    page.get_by_label("Do not offer me breathing exercises").check()
    client.sees("Your wish is saved.")
    check("1-known")
    client.presses("Erase the name")
    expect(page.get_by_role("dialog", name="Erase it?")).to_be_visible()
    check("2-sure")
    client.presses("Keep it")
    expect(page.get_by_label("What may our team call you?")).to_have_value("Robin")
    client.presses("Erase my check-ins")
    client.presses("Erase")
    client.sees("It is erased.")
    client.sees("None yet.")
    assert not MoodCheck.objects.exists()
    page.get_by_label("Remember things about me").click()
    client.presses("Erase")
    client.sees("nothing is kept from now on")
    expect(page.get_by_label("What may our team call you?")).to_be_hidden()
    check("3-off")
    assert ClientMemory.objects.get().is_off
    page.reload()
    expect(page.get_by_label("Remember things about me")).not_to_be_checked()


def test_the_desk_says_how_the_client_wants_to_be_called(visit, desk_of, shots, counsellor):
    client = visit()
    client.starts()
    client.writes("[high] I cannot go on")
    client.sees_sent("I cannot go on")
    client.opens("mine/")
    client.page.get_by_label("What may our team call you?").fill("Robin")
    client.presses("Save the name")
    client.sees("The name is saved.")
    client.page.get_by_label("Leave religion out of it").check()
    client.sees("Your wish is saved.")
    opened = desk_of(counsellor)
    opened.locator("[data-section=waiting] button, [data-section=waiting] li").first.click()
    expect(opened.locator("[data-part=wishes]")).to_have_text("Call them Robin. Wishes: no religion.")
    shots(opened, "mine-desk")


def test_without_an_open_chat_the_page_says_so(visit, axe):
    client = visit()
    client.opens("mine/")
    client.sees("You can see this while your chat is open in this tab.")
    axe(client.page)


def test_a_change_that_did_not_arrive_is_said_and_shown_as_it_is_stored(visit):
    client = visit()
    client.starts()
    client.opens("mine/")
    client.sees("Nothing yet.")
    client.page.route("**/mine/save", lambda route: route.abort())
    client.page.get_by_label("Leave religion out of it").click()
    client.sees("We cannot tell whether this was saved.")
    expect(client.page.get_by_label("Leave religion out of it")).not_to_be_checked()
    client.page.get_by_label("What may our team call you?").fill("Robin")
    client.presses("Save the name")
    client.sees("We cannot tell whether this was saved.")
    expect(client.page.get_by_label("What may our team call you?")).to_have_value("Robin")
