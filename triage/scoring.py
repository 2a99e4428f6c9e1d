"""From a client's message to its assessment, as its clinic scores right now. Outside any transaction."""

from dataclasses import dataclass
from uuid import UUID

from riskmodel import Context, Level, RiskScore
from riskmodel.languages import OTHER
from triage import assessing, policy
from triage.bot.catalogue import labels, text_digest
from triage.models import Alert, Message, RiskAssessment
from triage.rows import fetch
from triage.switches import ScoringKind, scoring_for

# How many of the client's earlier messages in the conversation the model is told about.
EARLIER = 20
_SWITCHED_OFF = "switched off"
# How the versions of assessments begin that no model made, because scoring was switched off.
WITHOUT_MODEL = (f"none ({_SWITCHED_OFF})", "rules-")


@dataclass(frozen=True, slots=True)
class Assessed:
    """What is known about a message. No score is a clinic that does not score by law.

    `is_quiet`: scoring is off, the rules alone were asked, and they read the message and found nothing.
    `thresholds` are the clinic's own, where they decided.
    """

    score: RiskScore | None
    is_quiet: bool = False
    thresholds: tuple[float, float, float, float] | None = None

    @property
    def level(self) -> str:
        """The level as the service goes by it."""
        return str(self.score.level) if self.score else "unscored"

    @property
    def is_doubtful(self) -> bool:
        """Whether the message calls nobody and may still tell of danger."""
        return self.score is not None and policy.is_doubtful(self.level, self.score.probability)


def assess_message(conversation_id: UUID, client_ref: UUID, text: str) -> Assessed:
    """Assess one message as its conversation is scored right now. Raises locking.UnknownConversation."""
    scoring = scoring_for(conversation_id)
    if scoring.kind is ScoringKind.OFF_BY_LAW:
        return Assessed(None)
    if scoring.kind is ScoringKind.ALL_TO_PEOPLE:
        return Assessed(assessing.unscored(_SWITCHED_OFF))
    if scoring.kind is ScoringKind.RULES_ONLY:
        score = assessing.assess_by_rules(text)
        return Assessed(score, is_quiet=_found_nothing(score))
    score = assessing.assess(text, context_of(conversation_id, client_ref, text), scoring.setup)
    own = scoring.setup.levels if score.model_version == scoring.setup.version else None
    return Assessed(score, thresholds=own)


def _found_nothing(score: RiskScore) -> bool:
    """Whether the rules read the message. An error, no words, or a language they do not know is for a person."""
    is_read = score.model_version.startswith("rules-") and score.words > 0 and score.language != OTHER
    return is_read and score.level == Level.UNSCORED


def since_judged(until: str = "") -> str:
    """SQL: whether message `m` was written after a person last resolved an alert of its conversation.

    What a person has judged is judged: it must not raise the messages that come after. `until` is an expression for
    the time up to which resolutions count, where one looks back.
    """
    bound = f"AND a.resolved_at <= {until}" if until else ""
    return f"""m.sent_at > coalesce((
        SELECT max(a.resolved_at) FROM "{Alert._meta.db_table}" AS a
        WHERE a.conversation_id = m.conversation_id {bound}), '-infinity')"""  # noqa: S608 - names of our own


_EARLIER = f"""
    SELECT r.level, r.probability FROM "{Message._meta.db_table}" AS m
    JOIN "{RiskAssessment._meta.db_table}" AS r ON r.message_id = m.id
    WHERE m.conversation_id = %s AND m.sender = 'client' AND m.client_ref IS DISTINCT FROM %s
        AND r.level <> 'unscored' AND {since_judged()}
    ORDER BY m.seq DESC LIMIT {EARLIER}
"""  # noqa: S608 - table names of our own models


def context_of(conversation_id: UUID, client_ref: UUID, text: str) -> Context:
    """What the client's messages before `text` were given since a person last judged the conversation.

    A message sent again is not its own past.
    """
    return as_context(text, fetch(_EARLIER, [conversation_id, client_ref])[::-1])


def as_context(text: str, earlier: list[tuple[str, float]]) -> Context:
    """Stored levels and probabilities, oldest first, as the model takes them for `text`; at most `EARLIER` of them.

    None for a button of the bot's: its words are ours and not the client's, so no course can be read out of them. Of a
    single word nobody can tell whose it is ("no"), so that counts with what came before.
    """
    if len(text.split()) > 1 and text_digest(text) in labels():
        return Context()
    last = earlier[-EARLIER:]
    return Context(tuple(Level(level) for level, _ in last), tuple(probability for _, probability in last))
