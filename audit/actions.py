"""The words of the trail: every action that may be recorded, with one line on what it says happened.

To record something new, add a line here. An action is never renamed or removed: old entries keep their name for ever.
"""

from collections.abc import Mapping
from types import MappingProxyType

_MEANINGS = {
    # The client and the conversation
    "client.started": "A client started a first conversation",
    "client.returned": "A client came back with a return key or session",
    "client.left": "A client left and ended this browser's session",
    "client.country_chosen": "A client chose a country for crisis lines",
    "consent.given": "A client allowed the clinic to learn from their messages",
    "consent.withdrawn": "A client withdrew that consent",
    "memory.changed": "What the service remembers about a client changed",
    "memory.erased": "A client erased what the service remembers about them",
    "conversation.started": "A conversation was opened",
    "conversation.ended_by_client": "The client ended the conversation",
    "conversation.closed": "A conversation was closed",
    "message.received": "A client's message was stored",
    # Risk
    "risk.assessed": "A message was scored",
    "alert.raised": "An alert was raised",
    "alert.raised_again": "An open alert was raised again or higher",
    "alert.acknowledged": "An alert was acknowledged",
    "alert.escalated": "An alert was escalated to the next step",
    "alert.resolved": "An alert was resolved",
    # Screenings and care
    "screening.started": "A client began a screening",
    "screening.answered": "A client answered an item of a screening",
    "screening.flagged": "An answer in a screening called for a person",
    "screening.finished": "A client finished a screening",
    "screening.left": "A client left a screening in the middle",
    "screening.listed": "What a client's screenings came to was read",
    "screening.viewed": "The answers of a screening were read",
    "plan.saved": "A version of a client's safety plan was saved",
    "plan.viewed": "A client's safety plan was read",
    "plan.erased": "A client's safety plan was erased with all its versions",
    "care_task.made": "A task for a person was made",
    "care_task.done": "A task for a person was done",
    "licence.stated": "A clinic stated a licence for an instrument",
    "licence.ended": "A clinic's licence for an instrument was ended",
    # The bot
    "bot.replied": "The bot answered with approved content",
    "notice.shown": "The service told the client who speaks now",
    "crisis_card.shown": "The crisis card was shown",
    # Counsellors
    "conversation.taken_over": "A counsellor took the conversation over",
    "counsellor.replied": "A counsellor wrote to the client",
    "conversation.handed_back": "A counsellor handed the conversation back to the bot",
    "transfer.offered": "A transfer was offered",
    "transfer.accepted": "A transfer was accepted",
    "transfer.declined": "A transfer was declined",
    "shift.started": "A member started a shift",
    "shift.ended": "A member ended a shift",
    # Review and reading
    "review.completed": "A review was completed",
    "level.judged": "A reviewer judged at which level a message stands",
    "transcript.viewed": "A transcript was read",
    "transcript.listed": "A list of conversations was read",
    "audit.viewed": "Audit entries were read",
    "audit.checkpoint_written": "A signed checkpoint of the trail was written",
    "audit.verified": "The trail was verified",
    # Content and models
    "content.approved": "A content version was approved",
    "content.activated": "A content version was put to use",
    "content.retired": "A content version was retired and is not said any more",
    "content.rolled_back": "The content version that was used before was put to use again",
    "model.proposed": "A model version with thresholds was proposed",
    "model.shadowed": "A proposed model began to score in shadow",
    "model.approved": "A clinician approved a proposed model",
    "model.activated": "A risk model was put to use",
    "model.withdrawn": "A proposed model was withdrawn",
    "model.rolled_back": "The risk model that was used before was put to use again",
    "model.drifted": "A week's scores passed a threshold of drift",
    "model.drift_seen": "A member noted that they have seen a drift",
    "labels.exported": "Messages that people judged were exported for training",
    "scoring.switched_off": "Scoring was switched off",
    "scoring.switched_on": "Scoring was switched on again",
    # Members and clinics
    "member.signed_in": "A member signed in",
    "member.sign_in_failed": "A sign-in failed",
    "member.locked_out": "An account was locked after repeated failures",
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
    "permission.refused": "An act was refused for lack of permission",
}

MEANINGS: Mapping[str, str] = MappingProxyType(_MEANINGS)
