"""Joins the pure bot engine to a stored conversation. If the bot breaks, a person is called and the turn goes on."""

import logging
from dataclasses import dataclass
from datetime import datetime

from accounts.profiles import BotSays
from triage import cover, disclosures
from triage.bot import engine
from triage.bot.catalogue import current_catalogue
from triage.bot.engine import BadPosition, Position, Reply, Step, Wish
from triage.bot.position import Answered
from triage.models import Alert, Conversation
from triage.policy import AlertKind, BotPart, Decision
from triage.states import State

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Understood:
    """What the bot's flow makes of a message, before it is decided whether the bot may say it."""

    step: Step | None = None
    wishes_person: bool = False
    wishes_end: bool = False

    @property
    def answered(self) -> Answered | None:
        """The item of a screening that the message answers, if it does."""
        return self.step.answered if self.step else None


def understand(conversation: Conversation, text: str) -> Understood:
    """Run the bot's flow on `text` if the bot is the speaker. A failing bot is a wish for a person."""
    if conversation.state != State.WITH_BOT or not conversation.clinic.bot_speaks:
        return Understood()
    try:
        step = engine.step(current_catalogue(), position_of(conversation), text, locale=_locale(conversation))
    except Exception:  # whatever broke in content or engine, the client must not be left alone with it
        logger.exception("bot engine failed", extra={"conversation": conversation.pk})
        return Understood(wishes_person=True)
    return Understood(step, Wish.PERSON in step.wishes, Wish.END in step.wishes)


def answer(
    conversation: Conversation,
    understood: Understood,
    text: str,
    decision: Decision,
    alert: Alert | None,
    *,
    at: datetime,
) -> tuple[Reply, ...]:
    """The replies that `decision` allows; moves the conversation's bot position."""
    step = None
    if decision.bot is BotPart.FLOW:
        step = understood.step
    elif decision.bot is BotPart.HOLDING:
        step = _hold(conversation, text, alert, at=at)
    if step is None:
        return ()
    replies, position = disclosures.remind(
        conversation.clinic.law,
        step,
        current_catalogue(),
        began=conversation.started_at,
        locale=_locale(conversation),
        at=at,
    )
    conversation.bot_position = position.to_json()
    return disclosures.lawful(conversation.clinic.law, replies, conversation_id=conversation.pk)


def _hold(conversation: Conversation, text: str, alert: Alert | None, *, at: datetime) -> Step | None:
    """Holding content from where the bot stands, or as at the start if that place is of no use; None if that fails too.

    The alert is raised all the same, and that is what helps; but the client should not be left without the card.
    """
    on_shift = cover.person_on_shift(conversation.clinic_id, at=at)
    # Where the law lets nothing be read, nothing was read badly either: the words are those of a call for a person.
    logistics_only = conversation.clinic.law.bot is BotSays.LOGISTICS
    for place in (position_of, _start):
        try:
            return engine.hold(
                current_catalogue(),
                place(conversation),
                text,
                reason=AlertKind.PERSON if logistics_only or alert is None else alert.kind,
                person_on_shift=on_shift,
                logistics_only=logistics_only,
                locale=_locale(conversation),
            )
        except Exception:  # whatever broke in content, engine or stored position
            logger.exception("holding content failed", extra={"conversation": conversation.pk})
    return None


def position_of(conversation: Conversation) -> Position:
    """Where the bot stands in this conversation; the opening for one that has no position yet."""
    if conversation.bot_position is None:
        return _start(conversation)
    return Position.from_json(conversation.bot_position)


def _start(conversation: Conversation) -> Position:
    return engine.begin(current_catalogue(), locale=_locale(conversation)).position


def opening(conversation: Conversation) -> tuple[Reply, ...]:
    """The first words: welcome and disclosure that this is software (LAW-7, EU-1). Moves the bot position."""
    step = engine.begin(current_catalogue(), locale=_locale(conversation))
    conversation.bot_position = step.position.to_json()
    if conversation.clinic.law.bot is BotSays.LOGISTICS:
        return notice(conversation, "logistics.opening")
    return step.replies


def after_hand_back(conversation: Conversation) -> tuple[Reply, ...]:
    """The bot's first words after a counsellor handed back, so that nobody wonders who speaks now."""
    try:
        position = position_of(conversation)
    except BadPosition:  # must not keep a counsellor from handing back
        logger.exception("bot position unreadable", extra={"conversation": conversation.pk})
        position = _start(conversation)
    step = engine.hand_back(current_catalogue(), position, locale=_locale(conversation))
    conversation.bot_position = step.position.to_json()
    return step.replies


def notice(conversation: Conversation, key: str) -> tuple[Reply, ...]:
    """One approved line that reports what happened, for example that a person is here now."""
    text = current_catalogue().text(key, _locale(conversation))
    return (Reply(text.key, text.version, text.digest, text.text),)


def _locale(conversation: Conversation) -> str:
    return conversation.client.locale
