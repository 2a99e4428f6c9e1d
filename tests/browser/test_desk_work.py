"""Working at the desk: nothing written is lost, and no update takes the focus away."""

import re

import pytest
from playwright.sync_api import expect

from counselling import takeovers
from tests.browser.desks import card_of, line
from tests.stories import a_client_starts
from triage.models import Alert, Conversation

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def take_over(member, writer):
    return takeovers.take_over(member=member, conversation_id=writer.conversation_id, at=writer.clock.now)


def field(page):
    return page.get_by_label("Write to the client")


def counsellor_lines(writer):
    return [text for sender, text in writer.reads() if sender == "counsellor"]


def test_a_conversation_is_taken_over_and_answered_by_keyboard_alone(desk_of, writer, another, counsellor):
    another.writes("[moderate]nobody would notice")
    writer.writes("[high]I will end it")
    page = desk_of(counsellor)
    page.keyboard.press("j")
    expect(card_of(page, writer)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(card_of(page, another)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("t")
    expect(page.get_by_role("button", name="Take over").last).to_be_focused()
    page.keyboard.press("Enter")
    expect(field(page)).to_be_focused()
    page.keyboard.type("I am here.")
    page.keyboard.press("Enter")
    expect(page.locator(".line-counsellor", has_text="I am here.").get_by_text("Sent")).to_be_visible()
    assert counsellor_lines(writer) == ["I am here."]
    page.keyboard.press("Escape")
    expect(card_of(page, writer)).to_be_focused()
    assert not page.problems


def test_a_supervisor_steps_in_for_a_colleague_after_a_question(desk_of, writer, counsellor, supervisor):
    writer.writes("[high]I will end it")
    take_over(counsellor, writer)
    page = desk_of(supervisor)
    card_of(page, writer).click()
    page.get_by_role("button", name=f"Take over from {counsellor.user.name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Take over").click()
    expect(field(page)).to_be_visible()
    assert Conversation.objects.get().holder == supervisor
    assert not page.problems


def test_an_alert_that_has_risen_since_is_read_before_it_is_resolved(desk_of, writer, counsellor):
    writer.writes("[moderate]nobody would notice")
    page = desk_of(counsellor, before=lambda page: page.route_web_socket("**/ws/desk/", _without_later_queues))
    card_of(page, writer).click()
    expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()
    writer.writes("[imminent]I have taken them")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("The client has written something since.")).to_be_visible()
    assert Alert.objects.get().state == "open"


def _without_later_queues(socket):
    """A desk whose queue is late: it goes on showing what it first saw."""
    server, seen = socket.connect_to_server(), []

    def pass_on(message):
        if '"type":"queue"' in message:
            seen.append(message)
        if '"type":"queue"' not in message or len(seen) == 1:
            socket.send(message)

    server.on_message(pass_on)


def test_the_queue_is_ordered_by_urgency_and_then_by_the_longest_wait(desk_of, clinic, clock, writer, counsellor):
    told = [writer, *(a_client_starts(clinic, clock) for _ in range(3))]
    for one, text in zip(told, ["[moderate]a", "[moderate]b", "[imminent]c", "[unscored]d"], strict=True):
        one.writes(text)
    page = desk_of(counsellor)
    shown = page.locator('[data-section="waiting"] .card').evaluate_all("all => all.map(one => one.dataset.id)")
    assert shown == [str(told[place].conversation_id) for place in (2, 3, 0, 1)]


def test_a_level_below_moderate_is_never_shown_as_anything(desk_of, writer, counsellor):
    writer.writes("[low] a bit tired")
    page = desk_of(counsellor)
    page.locator("summary", has_text="With the automated helper").click()
    card_of(page, writer).click()
    expect(line(page, 4)).to_be_visible()
    expect(line(page, 4).locator(".mark, .assessment, mark")).to_have_count(0)
    assert not re.search(r"low risk|no risk", page.locator("#desk").inner_text(), re.IGNORECASE)


def test_words_that_drove_a_level_are_marked_where_they_stand_even_after_emoji(desk_of, writer, counsellor):
    writer.writes("👩‍🚀😀 [high]cannot go on any  more, really")
    page = desk_of(counsellor)
    card_of(page, writer).click()
    expect(page.locator(".line-client mark")).to_have_text("cannot go on any  mo")
    expect(page.get_by_text("Made by software. It misses some. Read the message.")).to_be_visible()
    page.get_by_text("About this mark").click()
    expect(page.get_by_text("Model marked-levels-1")).to_be_visible()


def test_what_a_client_writes_is_text_and_never_markup(desk_of, writer, counsellor):
    text = '[high]<img src=x onerror="document.title=1"><script>document.title=2</script>'
    writer.writes(text)
    page = desk_of(counsellor)
    card_of(page, writer).click()
    expect(page.locator(".line-client .line-text")).to_have_text(text)
    expect(page.locator("#desk img, #desk script")).to_have_count(0)
    assert not page.problems


def test_focus_and_draft_survive_whatever_arrives_meanwhile(desk_of, clinic, clock, writer, another, counsellor):
    take_over(counsellor, writer)
    page = desk_of(counsellor)
    card_of(page, writer).click()
    field(page).fill("I am still wri")
    writer.writes("are you there?")
    another.writes("[imminent]now")
    expect(page.locator('[data-section="waiting"] .card')).to_have_count(1)
    expect(page.locator(".line-client", has_text="are you there?")).to_be_visible()
    expect(field(page)).to_be_focused()
    page.keyboard.type("ting")
    expect(field(page)).to_have_value("I am still writing")
    card_of(page, another).focus()
    a_client_starts(clinic, clock).writes("[imminent]me too")
    expect(page.locator('[data-section="waiting"] .card')).to_have_count(2)
    expect(card_of(page, another)).to_be_focused()


def test_a_card_that_a_colleague_takes_keeps_the_keyboard_in_the_queue(desk_of, writer, counsellor, second_counsellor):
    writer.writes("[high]I will end it")
    page = desk_of(counsellor)
    card_of(page, writer).focus()
    take_over(second_counsellor, writer)
    expect(page.locator('[data-section="colleagues"] .card')).to_have_count(1)
    expect(card_of(page, writer)).to_be_focused()
    expect(card_of(page, writer)).to_contain_text("Held by Counsellor Two")


def test_a_draft_belongs_to_its_conversation_and_outlives_a_reload(desk_of, writer, another, counsellor):
    for one in (writer, another):
        take_over(counsellor, one)
    page = desk_of(counsellor)
    card_of(page, writer).click()
    field(page).fill("for the first")
    card_of(page, another).click()
    expect(field(page)).to_have_value("")
    field(page).fill("for the second")
    page.reload()
    expect(field(page)).to_have_value("for the second")
    card_of(page, writer).click()
    expect(field(page)).to_have_value("for the first")


def test_the_loser_of_a_race_is_told_who_holds_the_conversation(desk_of, writer, counsellor, second_counsellor):
    writer.writes("[high]I will end it")
    seen = []

    def stale(page):
        # The second queue is held back, as on a slow line: this desk still believes that nobody holds it.
        def connect(ws):
            server = ws.connect_to_server()

            def pass_on(text):
                if '"type":"queue"' in text:
                    seen.append(text)
                    if len(seen) > 1:
                        return
                ws.send(text)

            server.on_message(pass_on)

        page.route_web_socket("**/ws/desk/", connect)

    page = desk_of(counsellor, before=stale)
    card_of(page, writer).click()
    expect(line(page, 4)).to_be_visible()
    take_over(second_counsellor, writer)
    page.get_by_role("button", name="Take over").first.click()
    expect(page.get_by_role("alert").filter(has_text="Counsellor Two was faster")).to_be_visible()


def test_hand_back_is_refused_beside_its_button_until_the_alert_is_resolved(desk_of, writer, counsellor):
    writer.writes("[high]I will end it")
    take_over(counsellor, writer)
    page = desk_of(counsellor)
    card_of(page, writer).click()
    field(page).fill("half a sentence")
    page.get_by_role("button", name="Hand back…").click()
    expect(page.get_by_role("alert").filter(has_text="The alert is not resolved yet")).to_be_visible()
    expect(field(page)).to_have_value("half a sentence")
    page.get_by_label("Reason for resolving the alert").select_option("talked")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("region", name="Alert")).to_be_hidden()
    page.get_by_role("button", name="Hand back…").click()
    page.get_by_role("dialog").get_by_role("button", name="Hand back").click()
    expect(page.get_by_role("button", name="Take over").first).to_be_visible()
    assert Conversation.objects.get(pk=writer.conversation_id).state == "with_bot"
    assert Alert.objects.get(conversation_id=writer.conversation_id).resolution == "talked"


def test_closing_asks_what_became_of_it_and_can_be_left(desk_of, writer, counsellor):
    take_over(counsellor, writer)
    page = desk_of(counsellor)
    card_of(page, writer).click()
    page.get_by_role("button", name="Close…").click()
    page.get_by_role("button", name="Close it").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Keep it open").click()
    assert Conversation.objects.get(pk=writer.conversation_id).state == "with_counsellor"
    page.get_by_role("button", name="Close…").click()
    page.get_by_label("Safety plan made").check()
    page.get_by_role("button", name="Close it").click()
    expect(page.get_by_text("This conversation is closed.")).to_be_visible()
    expect(field(page)).to_be_hidden()
    assert Conversation.objects.get(pk=writer.conversation_id).disposition == "safety_plan"


def test_a_held_conversation_in_the_background_says_that_something_new_came(desk_of, writer, another, counsellor):
    for one in (writer, another):
        take_over(counsellor, one)
    page = desk_of(counsellor)
    card_of(page, another).click()
    writer.writes("are you there?")
    expect(card_of(page, writer).get_by_text("New", exact=True)).to_be_visible()
    card_of(page, writer).click()
    expect(card_of(page, writer).get_by_text("New", exact=True)).to_be_hidden()


def test_a_text_that_is_too_long_is_kept_and_the_limit_is_named(desk_of, writer, counsellor):
    take_over(counsellor, writer)
    page = desk_of(counsellor)
    card_of(page, writer).click()
    field(page).fill("x" * 4001)
    field(page).press("Enter")
    expect(page.get_by_text("A message can have 4,000 characters. Your text is kept")).to_be_visible()
    expect(field(page)).to_have_value("x" * 4001)
    assert counsellor_lines(writer) == []


def test_shift_and_enter_start_a_new_line_and_enter_sends(desk_of, writer, counsellor):
    take_over(counsellor, writer)
    page = desk_of(counsellor)
    card_of(page, writer).click()
    field(page).fill("one")
    field(page).press("Shift+Enter")
    page.keyboard.type("two")
    field(page).press("Enter")
    expect(page.locator(".line-counsellor").get_by_text("Sent ✓")).to_be_visible()
    assert counsellor_lines(writer) == ["one\ntwo"]


def test_the_desk_stays_whole_with_two_hundred_conversations(desk_of, clinic, clock, writer, counsellor):
    told = [a_client_starts(clinic, clock) for _ in range(200)]
    for one in told:
        one.writes("[moderate]nobody would notice")
    page = desk_of(counsellor)
    expect(page.locator('[data-section="waiting"] .card')).to_have_count(200)
    card_of(page, told[150]).focus()
    told[199].writes("[imminent]now")
    expect(page.locator('[data-section="waiting"] .card').first).to_have_attribute(
        "data-id", str(told[199].conversation_id)
    )
    expect(card_of(page, told[150])).to_be_focused()
    assert not page.problems
