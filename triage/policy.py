"""What one assessed message leads to. Pure: no database, no clock, no words of the client.

The score may only bring help forward: nothing here closes, denies, delays, reassures or hands back
(clinical requirement ids CRI-8, BOT-7, EU-11).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices

from triage.states import SPEAKERS, Speaker, State


class AlertKind(TextChoices):
    """Why a person is called."""

    RISK = "risk", "Risk in a message"
    PERSON = "person", "The client asks for a person"
    UNSCORED = "unscored", "A message could not be scored"
    SCREENING = "screening", "An answer in a screening"


# The desk's order. An unscored message may hide anything, so it stands above a moderate one and below a high one.
URGENCY: Mapping[str, int] = {"none": 0, "low": 10, "moderate": 20, "unscored": 25, "high": 30, "imminent": 40}
ALERT_FROM = URGENCY["moderate"]
# While a person already reads every line, only this much is worth calling the others for.
ALERT_FROM_WHILE_HELD = URGENCY["high"]
# Hand-back is refused while an alert of this urgency or above is open.
NO_HAND_BACK_FROM = URGENCY["unscored"]


# From this probability of a level of moderate or above on the bot shows the crisis card and offers a person, though
# nobody is called: a card too many costs a client a moment, an alert too many costs the team its attention.
DOUBT_FROM = 0.4


class BotPart(StrEnum):
    """What the bot does in this turn."""

    FLOW = "flow"
    HOLDING = "holding"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome for one message: an alert or none, whether the conversation goes to a person, the bot's part."""

    alert: AlertKind | None
    call_person: bool
    bot: BotPart


def is_concern(level: str, *, quiet_unscored: bool = False) -> bool:
    """Whether a message of `level` calls for a person by itself; `quiet_unscored` as for `decide`."""
    return URGENCY[level] >= ALERT_FROM and not (quiet_unscored and level == "unscored")


def is_doubtful(level: str, probability: float) -> bool:
    """Whether a message that calls nobody may still tell of danger."""
    return not is_concern(level) and probability >= DOUBT_FROM


def counted_level(level: str, screened: str, *, quiet_unscored: bool = False) -> str:
    """The level that an alert goes by: of the score's and of what a screening's answer calls for, the more urgent.

    `screened` is empty where no answer calls. A quiet unscored message, of which nobody would hear, never hides it.
    """
    if not screened or (URGENCY[level] > URGENCY[screened] and is_concern(level, quiet_unscored=quiet_unscored)):
        return level
    return screened if URGENCY[screened] >= URGENCY[level] or quiet_unscored else level


def decide(
    *,
    level: str,
    state: str,
    open_urgency: int | None,
    wishes_person: bool = False,
    bot_enabled: bool = True,
    quiet_unscored: bool = False,
    screened: str = "",
) -> Decision:
    """Decide what a message of `level` in `state` leads to.

    `screened` is the level that the answer to a screening calls for by itself, empty for none: it stands beside the
    score's, and the higher one counts (INS-4).
    `open_urgency` is the urgency of the unresolved alert, None when there is none. `bot_enabled` False is a
    clinic whose bot is off: every message is for a person, and the bot only holds.

    `quiet_unscored` is a message in which, with scoring switched off in the mode "rules only", no rule was found
    (EU-5). It calls nobody, because the clinic chose so; yet nothing is known about it, so its level stays unscored,
    the conversation moves up the desk's order to there and says so, and no later message moves it down. Everything
    else calls as ever: a rule that holds, the client's wish for a person, and a message that not even the rules read.
    """
    counted = counted_level(level, screened, quiet_unscored=quiet_unscored)
    answered = bool(screened) and counted == screened
    level, quiet_unscored = counted, quiet_unscored and not answered
    urgency = URGENCY[level]
    held = state == State.WITH_COUNSELLOR
    kind: AlertKind | None = None
    if is_concern(level, quiet_unscored=quiet_unscored) and (not held or urgency >= ALERT_FROM_WHILE_HELD):
        kind = AlertKind.UNSCORED if level == "unscored" else AlertKind.RISK
        kind = AlertKind.SCREENING if answered else kind
    elif not held and (wishes_person or not bot_enabled):
        kind = AlertKind.PERSON
    call_person = kind is not None and state == State.WITH_BOT
    # After a hand-back an older alert may still be there, acknowledged and silent: who is called now is called anew.
    rings = open_urgency is None or urgency > open_urgency or call_person
    return Decision(
        alert=kind if rings else None,
        call_person=call_person,
        bot=_bot_part(State(state), called=call_person),
    )


def _bot_part(state: State, *, called: bool) -> BotPart:
    speaker = SPEAKERS[state]
    if speaker is Speaker.BOT_HOLDING or (speaker is Speaker.BOT and called):
        return BotPart.HOLDING
    return BotPart.FLOW if speaker is Speaker.BOT else BotPart.SILENT
