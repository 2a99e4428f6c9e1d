"""The only door through which staff reach a conversation."""

from uuid import UUID

from accounts.access import require
from accounts.models import Membership
from accounts.permissions import Action
from triage.locking import UnknownConversation, locked
from triage.models import Conversation

__all__ = ["UnknownConversation", "access_conversation"]


def access_conversation(member: Membership, conversation_id: UUID, *, to: Action, lock: bool = False) -> Conversation:
    """The conversation, if `member` may do `to` and it belongs to the member's clinic.

    Raises accounts.access.NotPermitted, or UnknownConversation both for one that does not exist and for another
    clinic's, so that nobody can find out which ids exist. With `lock` the row stays locked until the transaction ends.
    """
    require(member, to)
    if lock:
        return locked(conversation_id, clinic_id=member.clinic_id)
    rows = Conversation.objects.select_related("clinic", "client", "holder__user")
    conversation = rows.filter(pk=conversation_id, clinic_id=member.clinic_id).first()
    if conversation is None:
        raise UnknownConversation(str(conversation_id))
    return conversation
