"""One table: which role may do what. Nobody asks anywhere else."""

from collections.abc import Mapping
from enum import StrEnum

from django.db.models import TextChoices


class Role(TextChoices):
    """What a member is in a clinic."""

    COUNSELLOR = "counsellor", "Counsellor"
    SUPERVISOR = "supervisor", "Supervisor"
    CLINICIAN = "clinician", "Clinician"
    ADMINISTRATOR = "administrator", "Administrator"


class Action(StrEnum):
    """Something a member may be allowed to do."""

    VIEW_DESK = "view_desk"
    VIEW_TRANSCRIPT = "view_transcript"
    CARE = "care"
    TAKE_OVER = "take_over"
    TAKE_FROM_HOLDER = "take_from_holder"
    WRITE = "write"
    WRITE_PLAN = "write_plan"
    HAND_BACK = "hand_back"
    CLOSE = "close"
    ACKNOWLEDGE_ALERT = "acknowledge_alert"
    RESOLVE_ALERT = "resolve_alert"
    SET_SHIFT = "set_shift"
    REVIEW = "review"
    VIEW_AUDIT = "view_audit"
    REHEARSE = "rehearse"
    VIEW_MODEL = "view_model"
    MANAGE_MODEL = "manage_model"
    SWITCH_SCORING = "switch_scoring"
    VIEW_CONTENT = "view_content"
    MANAGE_CONTENT = "manage_content"
    MANAGE_LICENCES = "manage_licences"
    MANAGE_CLINIC = "manage_clinic"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_TOKENS = "manage_tokens"


_FRONT_LINE = frozenset(
    {
        Action.VIEW_DESK,
        Action.VIEW_TRANSCRIPT,
        Action.CARE,
        Action.TAKE_OVER,
        Action.WRITE,
        Action.WRITE_PLAN,
        Action.HAND_BACK,
        Action.CLOSE,
        Action.ACKNOWLEDGE_ALERT,
        Action.RESOLVE_ALERT,
        Action.SET_SHIFT,
    }
)

# Administrators keep the clinic running and may prove what happened, but read no client's words. How a clinic scores is
# a clinical decision, so clinicians make it; switching scoring off must not wait for one.
ROLE_ACTIONS: Mapping[Role, frozenset[Action]] = {
    Role.COUNSELLOR: _FRONT_LINE,
    Role.SUPERVISOR: _FRONT_LINE
    | {
        Action.TAKE_FROM_HOLDER,
        Action.REVIEW,
        Action.VIEW_AUDIT,
        Action.REHEARSE,
        Action.VIEW_MODEL,
        Action.SWITCH_SCORING,
        Action.VIEW_CONTENT,
    },
    Role.CLINICIAN: frozenset(
        {
            Action.VIEW_TRANSCRIPT,
            Action.CARE,
            Action.REVIEW,
            Action.VIEW_AUDIT,
            Action.REHEARSE,
            Action.VIEW_MODEL,
            Action.MANAGE_MODEL,
            Action.SWITCH_SCORING,
            Action.VIEW_CONTENT,
            Action.MANAGE_CONTENT,
            Action.MANAGE_LICENCES,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Action.VIEW_AUDIT,
            Action.REHEARSE,
            Action.VIEW_MODEL,
            Action.MANAGE_CLINIC,
            Action.MANAGE_LICENCES,
            Action.MANAGE_MEMBERS,
            Action.MANAGE_TOKENS,
        }
    ),
}


def may(role: str, action: Action) -> bool:
    """True when `role` may do `action`. An unknown role may do nothing."""
    return action in ROLE_ACTIONS.get(role, frozenset())  # type: ignore[call-overload]
