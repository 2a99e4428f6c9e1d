"""The doors of the safety plan: the client's page, and staff who write it with a client."""

from tests.access.door import EVERYBODY, FRONT_LINE, NO_DATA, page

SLUG = {"slug": "$slug"}
PLANNED = {"client_id": "$planned_client"}
FIRST = PLANNED | {"number": "1"}
WORDS = {"parts": {"alone": "a walk"}, "base": 0}

PLAN_PAGES = [
    page("triage:plan", "GET", EVERYBODY, path=SLUG, because=NO_DATA),
    page(
        "triage:plan_read", "POST", EVERYBODY, path=SLUG, sends={"token": "$client_token"},
        because="a client reads their own plan",
    ),
    page(
        "triage:plan_save", "POST", EVERYBODY, path=SLUG, sends={"token": "$client_token", **WORDS},
        writes=("plan.saved",),
    ),
    page("counselling:plan", "GET", FRONT_LINE, path=PLANNED, writes=("plan.viewed",)),
    page(
        "counselling:plan", "POST", FRONT_LINE, path=PLANNED, sends={"base": 2, "alone": "a longer walk"}, is_form=True,
        answers=302, writes=("plan.saved",),
    ),
    page("counselling:plan_version", "GET", FRONT_LINE, path=FIRST, writes=("plan.viewed",)),
    page(
        "counselling:plan_restore", "POST", FRONT_LINE, path=FIRST, sends={"base": 2}, is_form=True, answers=302,
        writes=("plan.saved",),
    ),
]  # fmt: skip
