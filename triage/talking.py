"""Joins the pure bot engine to a stored conversation. If the bot breaks, a person is called and the turn goes on."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.profiles import BotSays
from triage import cover, disclosures, serving
from triage.bot import engine
from triage.bot.catalogue import Catalogue
from triage.bot.engine import BadPosition, Position, Reply, Step, Wish
from triage.bot.position import Answered
from triage.models import Alert, Conversation
from triage.policy import AlertKind, BotPart, Decision
from triage.screenings import licences
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


def understand(conversation: Conversation, text: str, *, doubtful: bool = False) -> Understood:
    """Run the bot's flow on `text` if the bot is the speaker. A failing bot is a wish for a person.

    `doubtful` is a message that calls nobody and may still tell of danger.
    """
    if conversation.state != State.WITH_BOT or not conversation.clinic.bot_speaks:
        return Understood()
    try:
        catalogue, locale = _catalogue(conversation), _locale(conversation)
        step = engine.step(catalogue, position_of(conversation), text, doubtful=doubtful, locale=locale)
        serving.checked(catalogue, step.replies, locale=locale)
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
        _catalogue(conversation),
        began=conversation.started_at,
        locale=_locale(conversation),
        at=at,
    )
    conversation.bot_position = position.to_json()
    replies = disclosures.lawful(conversation.clinic.law, replies, conversation_id=conversation.pk)
    return _approved(conversation, replies)


def _hold(conversation: Conversation, text: str, alert: Alert | None, *, at: datetime) -> Step | None:
    """Holding content from where the bot stands, or as at the start if that place is of no use; None if that fails too.

    The alert is raised all the same, and that is what helps; but the client should not be left without the card.
    """
    on_shift = cover.person_on_shift(conversation.clinic_id, at=at)
    # Where the law lets nothing be read, nothing was read badly either: the words are those of a call for a person.
    logistics_only = conversation.clinic.law.bot is BotSays.LOGISTICS
    for place in (position_of, _start):
        try:
            step = engine.hold(
                _catalogue(conversation),
                place(conversation),
                text,
                reason=AlertKind.PERSON if logistics_only or alert is None else alert.kind,
                person_on_shift=on_shift,
                logistics_only=logistics_only,
                locale=_locale(conversation),
            )
            serving.checked(_catalogue(conversation), step.replies, locale=_locale(conversation))
            return step
        except Exception:  # whatever broke in content, engine or stored position
            logger.exception("holding content failed", extra={"conversation": conversation.pk})
    return None


def position_of(conversation: Conversation) -> Position:
    """Where the bot stands in this conversation; the opening for one that has no position yet."""
    if conversation.bot_position is None:
        return _start(conversation)
    return Position.from_json(conversation.bot_position)


def _start(conversation: Conversation) -> Position:
    return engine.begin(_catalogue(conversation), locale=_locale(conversation)).position


def opening(conversation: Conversation) -> tuple[Reply, ...]:
    """The first words: welcome and disclosure that this is software (LAW-7, EU-1). Moves the bot position."""
    step = engine.begin(_catalogue(conversation), locale=_locale(conversation))
    position = step.position
    if conversation.clinic.law.bot is BotSays.LOGISTICS:
        replies = notice(conversation, "logistics.opening")
    else:
        replies = _approved(conversation, step.replies)
    if not replies:
        # The chat opens all the same, and the first thing that is said in it is that software writes.
        position = replace(position, memory={**position.memory, disclosures.TOLD_AT: 0})
    conversation.bot_position = position.to_json()
    return replies


def after_hand_back(conversation: Conversation) -> tuple[Reply, ...]:
    """The bot's first words after a counsellor handed back, so that nobody wonders who speaks now."""
    try:
        position = position_of(conversation)
    except BadPosition:  # must not keep a counsellor from handing back
        logger.exception("bot position unreadable", extra={"conversation": conversation.pk})
        position = _start(conversation)
    step = engine.hand_back(_catalogue(conversation), position, locale=_locale(conversation))
    conversation.bot_position = step.position.to_json()
    return _approved(conversation, step.replies)


def notice(conversation: Conversation, key: str) -> tuple[Reply, ...]:
    """One approved line that reports what happened, for example that a person is here now."""
    text = _catalogue(conversation).text(key, _locale(conversation))
    return _approved(conversation, (Reply(text.key, text.version, text.digest, text.text),))


def _approved(conversation: Conversation, replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
    """The replies, or none where one is not approved: what a person does goes on without the bot's words."""
    try:
        return serving.checked(_catalogue(conversation), replies, locale=_locale(conversation))
    except serving.NotApproved:
        logger.exception("a text is not approved", extra={"conversation": conversation.pk})
        return ()


def _catalogue(conversation: Conversation) -> Catalogue:
    return licences.licensed(serving.catalogue_for(conversation.clinic_id), conversation.clinic_id)


def _locale(conversation: Conversation) -> str:
    return conversation.client.locale
