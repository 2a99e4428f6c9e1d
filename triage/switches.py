"""What a clinic has switched off, asked before scoring and therefore outside the turn's transaction."""

import time
from functools import lru_cache
from uuid import UUID

from accounts.models import Clinic
from triage.locking import UnknownConversation
from triage.models import Conversation

# How long a running process may go on with the old setting (seconds).
_FRESH_FOR = 2.0
_scoring: dict[UUID, tuple[float, bool]] = {}


@lru_cache(maxsize=50_000)
def _clinic_of(conversation_id: UUID) -> UUID:
    # A conversation never changes its clinic, so this may be remembered.
    found = Conversation.objects.filter(pk=conversation_id).values_list("clinic_id", flat=True).first()
    if found is None:
        raise UnknownConversation(str(conversation_id))
    return found


def scoring_on(conversation_id: UUID) -> bool:
    """True unless the conversation's clinic has scoring off; then nothing is scored at all (LAW-1).

    Raises locking.UnknownConversation. A change reaches running processes within two seconds.
    """
    clinic_id = _clinic_of(conversation_id)
    now = time.monotonic()
    known = _scoring.get(clinic_id)
    if known is None or now - known[0] > _FRESH_FOR:
        on = Clinic.objects.values_list("scoring_enabled", flat=True).get(pk=clinic_id)
        known = _scoring[clinic_id] = (now, on)
    return known[1]
