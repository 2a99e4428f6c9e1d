"""Each exercise played once in Chromium through the real socket, by pressing what is offered, with a picture."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.client_pages import Visitor, riverside, the_conversation, visit
from triage.bot.catalogue import current_catalogue
from triage.models import Message

__all__ = ["riverside", "visit"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GROUPS = {
    "Settle my body": {
        "grounding": "Grounding with the senses",
        "paced_breathing": "Slow breathing",
        "feet_on_floor": "Feet on the floor",
        "muscle_relaxation": "Let muscles go",
        "body_scan": "Short body scan",
        "mindful_breathing": "Three quiet minutes",
        "cool_down": "Cool down",
    },
    "Quieten a busy mind": {
        "thought_record": "Look at a hard thought",
        "thinking_traps": "Spot a thinking trap",
        "leaves_on_stream": "Leaves on a stream",
        "worry_time": "Set a worry time",
        "self_kindness": "A kind word to myself",
    },
    "Get something done": {
        "activity_plan": "Plan one small thing",
        "mood_diary": "Look at my day",
        "problem_solving": "Work on a problem",
        "graded_steps": "Face a fear in steps",
        "opposite_action": "Act against an urge",
        "stop_skill": "Pause before I act",
    },
}
WAYS = {key: (group, label) for group, exercises in GROUPS.items() for key, label in exercises.items()}
WAYS["sleep_reset"] = ("Sleep better",)
# Where the first answer leads out of the exercise instead of through it.
LEADS_ON = {"It does not fit"}
# A question that is newer than the one before; asked at each frame, so that nineteen exercises take no long time.
ANSWERED = """(before) => {
    const last = [...document.querySelectorAll('#log .bot[data-seq]')].at(-1);
    return last.dataset.seq !== before && last.querySelector('.choice');
}"""
LAST_QUESTION = "Compared with before we began, how are you now?"
LONGEST = 20
# What steers an exercise; everything else that is offered answers the question.
STEERING = {"Skip", "Pause", "Back", "Stop here", "Talk to a person"}


def test_every_exercise_has_a_way_that_is_played_here():
    assert set(WAYS) == {item.key for item in current_catalogue().items() if item.kind == "exercise"}


def offered(page: Page) -> list[str]:
    """The labels that stand under the last line."""
    expect(page.locator(".choice").first).to_be_visible()
    return page.locator(".choice").all_inner_texts()


def press(client: Visitor, label: str) -> None:
    """Press an answer and wait until it was answered by the next question."""
    page = client.page
    newest = page.locator("#log .bot[data-seq]").last.get_attribute("data-seq")
    page.locator(".choice").get_by_text(label, exact=True).click()
    page.wait_for_function(ANSWERED, arg=newest)


@pytest.mark.parametrize("key", sorted(WAYS))
def test_an_exercise_is_played_to_its_end_by_pressing_what_is_offered(
    visit: Callable[..., Visitor],
    axe: Callable[[Page], None],
    shots: Callable[[Page, str], Path],
    key: str,
) -> None:
    # Without motion a press need not wait for a line to slide in.
    client = visit(reduced_motion="reduce")
    page = client.page
    client.starts()
    for label in ("Try a short exercise", *WAYS[key]):
        press(client, label)
    press(client, offered(page)[0])
    pictured = False
    for _ in range(LONGEST):
        labels = offered(page)
        if "Better" in labels:
            break
        assert "Stop here" in labels, "a step that cannot be stopped"
        if not pictured and Message.objects.filter(conversation=the_conversation(), exercise=key).exists():
            axe(page)
            shots(page, f"exercise-{key}")
            pictured = True
        answers = [label for label in labels if label not in STEERING]
        press(client, next((label for label in answers if label in LEADS_ON), answers[0]))
    assert pictured
    expect(page.locator("#log .bot .bubble").last).to_have_text(LAST_QUESTION)
    press(client, "Better")
    client.sees("Thank you for telling me.")
    expect(page.locator("#log .line[data-seq]")).to_have_count(the_conversation().last_seq)
    assert client.numbers() == list(range(1, the_conversation().last_seq + 1))
