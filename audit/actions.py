"""The words of the trail: every action that may be recorded, with one line on what it says happened.

To record something new, add a line here. An action is never renamed or removed: old entries keep their name for ever.
"""

from collections.abc import Mapping
from types import MappingProxyType

_MEANINGS = {
    # The client and the conversation
    "client.started": "A client started a first conversation",
    "client.returned": "A client came back with a return key or session",
    "client.return_refused": "A return key or session was refused",
    "client.left": "A client left and ended this browser's session",
    "client.country_chosen": "A client chose a country for crisis lines",
    "conversation.started": "A conversation was opened",
    "conversation.state_changed": "A conversation changed its state",
    "conversation.idle_closed": "A conversation was closed after long silence",
    "conversation.ended_by_client": "The client ended the conversation",
    "conversation.closed": "A conversation was closed",
    "conversation.rehearsal_marked": "A conversation was marked as a rehearsal",
    "message.received": "A client's message was stored",
    "message.refused": "A client's message was refused",
    "message_key.created": "A conversation's message key was created",
    "message_key.destroyed": "A conversation's message key was destroyed, so its text is gone",
    # Risk
    "risk.assessed": "A message was scored",
    "risk.unscored": "A message could not be scored",
    "risk.overridden": "A person overrode a risk level",
    "alert.raised": "An alert was raised",
    "alert.raised_again": "An open alert was raised again or higher",
    "alert.acknowledged": "An alert was acknowledged",
    "alert.escalated": "An alert was escalated to the next step",
    "alert.resolved": "An alert was resolved",
    # The bot
    "bot.replied": "The bot answered with approved content",
    "notice.shown": "The service told the client who speaks now",
    "bot.silenced": "The bot stayed silent because a person is in charge",
    "bot.failed": "The bot could not answer",
    "crisis_card.shown": "The crisis card was shown",
    "disclosure.shown": "The client was told that a bot answers",
    # Counsellors
    "conversation.taken_over": "A counsellor took the conversation over",
    "takeover.refused": "A takeover was refused",
    "takeover.ended": "A takeover period ended",
    "counsellor.replied": "A counsellor wrote to the client",
    "counsellor.reply_refused": "A counsellor's message was refused",
    "conversation.handed_back": "A counsellor handed the conversation back to the bot",
    "hand_back.refused": "A hand-back was refused",
    "transfer.offered": "A transfer was offered",
    "transfer.accepted": "A transfer was accepted",
    "transfer.declined": "A transfer was declined",
    "shift.started": "A member started a shift",
    "shift.ended": "A member ended a shift",
    # Review and reading
    "review.completed": "A review was completed",
    "review.requested": "A review was requested",
    "transcript.viewed": "A transcript was read",
    "transcript.listed": "A list of conversations was read",
    "transcript.exported": "A transcript was exported",
    "audit.viewed": "Audit entries were read",
    "audit.exported": "Audit entries were exported",
    "audit.checkpoint_written": "A signed checkpoint of the trail was written",
    "audit.verified": "The trail was verified",
    # Content and models
    "content.approved": "A content version was approved",
    "content.activated": "A content version was put to use",
    "content.withdrawn": "A content version was withdrawn",
    "model.activated": "A risk model was put to use",
    "model.refused": "A risk model was refused",
    "policy.changed": "Thresholds or policy were changed",
    # Members and clinics
    "member.signed_in": "A member signed in",
    "member.sign_in_failed": "A sign-in failed",
    "member.locked_out": "An account was locked after repeated failures",
    "member.unlocked": "A locked account was opened again",
    "member.signed_out": "A member signed out",
    "member.added": "A member was added",
    "member.invited": "A member was invited",
    "member.role_changed": "A member's role was changed",
    "member.deactivated": "A member was deactivated",
    "member.reactivated": "A member was reactivated",
    "member.password_changed": "A member's password was changed",
    "clinic.created": "A clinic was created",
    "clinic.settings_changed": "A clinic's settings were changed",
    "api_token.created": "An API token was created",
    "api_token.revoked": "An API token was revoked",
    "api_token.refused": "An API token was refused",
    "permission.refused": "An act was refused for lack of permission",
}

MEANINGS: Mapping[str, str] = MappingProxyType(_MEANINGS)
