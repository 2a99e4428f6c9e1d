"""The door table: every way into the service, who may pass, and what passing leaves on the audit trail.

A new URL, API route, socket action, Celery task or management command needs one line here; until then
`test_doors.py` fails. `test_door_outcomes.py` then knocks at the line as everybody there is.

How to write a line: `page`, `api`, `chat`, `desk`, `task` or `command`, then its name and method, then who may pass.
A value that starts with `$` is made freshly for each knock by `world.Things` (`$waiting` is a waiting conversation of
Riverside). A door that takes such a thing must be unknown to the members of the other clinic; the test knows that.
A passed door leaves exactly `writes` on the trail, or nothing `because` of the reason given.
"""

from tests.access.aftercare_doors import AFTERCARE_PAGES
from tests.access.care_doors import CARE_API, CARE_PAGES
from tests.access.content_doors import CONTENT_PAGES
from tests.access.door import (
    ADMINISTRATORS,
    ANONYMOUS,
    AUDITORS,
    CLIENT,
    COUNSELLOR,
    DESK_WORK,
    EVERYBODY,
    FLEETING,
    FRONT_LINE,
    LEFT_OPEN,
    NAMES,
    NO_DATA,
    NO_WORDS,
    OPERATOR,
    READERS,
    REVIEWERS,
    SHELL,
    STAFF,
    SUPERVISOR,
    Door,
    api,
    chat,
    command,
    desk,
    page,
    task,
)
from tests.access.mine_doors import MINE_PAGES
from tests.access.plan_doors import PLAN_PAGES
from tests.access.risk_doors import RISK_PAGES

__all__ = ["ANONYMOUS", "CLIENT", "DOORS", "Door", "EVERYBODY", "FRONT_LINE", "OPERATOR", "STAFF"]

TAKEN_OVER = ("conversation.taken_over", "alert.acknowledged", "notice.shown")
HANDED_BACK = ("conversation.handed_back", "bot.replied")
CLOSED = ("conversation.closed", "notice.shown")

WELCOME = ("bot.replied",)

TO_SIGN_IN = {"answers": 302, "leads_to": "accounts:sign_in"}
COLLEAGUE = {"member_id": "$colleague"}
SLUG = {"slug": "$slug"}
CONVERSATION = {"conversation_id": "$waiting"}
HELD = {"conversation_id": "$held"}
ALERT = {"alert_id": "$alert"}

HEALTH = [
    page("health_live", "GET", EVERYBODY, because=NO_DATA),
    page("health_ready", "GET", EVERYBODY, because=NO_DATA, answers=(200, 503)),
]

ROOT = [page("root", "GET", EVERYBODY, because=NO_DATA, **TO_SIGN_IN)]

SIGNING = [
    page("accounts:sign_in", "GET", EVERYBODY, answers=(200, 302), because=NO_DATA),
    page(
        "accounts:sign_in", "POST", EVERYBODY, sends={"email": "$email", "password": "$password"}, is_form=True,
        answers=302, writes=("member.signed_in",),
    ),
    page("accounts:sign_out", "POST", STAFF, is_form=True, **TO_SIGN_IN, writes=("member.signed_out",)),
    page("accounts:choose_clinic", "GET", STAFF, because="a person sees the names of their own clinics"),
    page(
        "accounts:choose_clinic", "POST", STAFF, sends={"clinic": "$own_clinic"}, is_form=True, answers=302,
        writes=("member.signed_in",),
    ),
    page("accounts:password", "GET", STAFF, because=NO_DATA),
    page(
        "accounts:password", "POST", STAFF, is_form=True, answers=302, writes=("member.password_changed",),
        sends={"current": "$password", "new": "$new_password", "again": "$new_password"},
    ),
    page("accounts:set_password", "GET", EVERYBODY, path={"token": "$link"}, because="looking uses nothing up"),
    page(
        "accounts:set_password", "POST", EVERYBODY, path={"token": "$link"}, is_form=True, **TO_SIGN_IN,
        sends={"new": "$new_password", "again": "$new_password"}, writes=("member.password_changed",),
    ),
]  # fmt: skip

ADMINISTRATION = [
    page("accounts:settings", "GET", ADMINISTRATORS, because=NAMES),
    page(
        "accounts:settings", "POST", ADMINISTRATORS, is_form=True, answers=302, writes=("clinic.settings_changed",),
        sends={
            "name": "Renamed", "time_zone": "UTC", "call_1": "60", "call_2": "120", "call_3": "180",
            "profile": "assistive", "bot_enabled": "on", "scoring_enabled": "on",
        },
    ),
    page("accounts:members", "GET", ADMINISTRATORS, because=NAMES),
    page("accounts:member_add", "GET", ADMINISTRATORS, because=NO_DATA),
    page(
        "accounts:member_add", "POST", ADMINISTRATORS, is_form=True, answers=302, writes=("member.added",),
        sends={"name": "Newcomer", "email": "newcomer@example.invalid", "role": COUNSELLOR},
    ),
    page("accounts:member", "GET", ADMINISTRATORS, path=COLLEAGUE, because=NAMES),
    page(
        "accounts:member_role", "POST", ADMINISTRATORS, path=COLLEAGUE, sends={"role": SUPERVISOR}, is_form=True,
        answers=302, writes=("member.role_changed",),
    ),
    page(
        "accounts:member_deactivate", "POST", ADMINISTRATORS, path=COLLEAGUE, is_form=True, answers=302,
        writes=("member.deactivated",),
    ),
    page(
        "accounts:member_reactivate", "POST", ADMINISTRATORS, path={"member_id": "$former"}, is_form=True, answers=302,
        writes=("member.reactivated",),
    ),
    page(
        "accounts:member_link", "POST", ADMINISTRATORS, path=COLLEAGUE, is_form=True, answers=302,
        writes=("member.invited",),
    ),
    page("accounts:tokens", "GET", ADMINISTRATORS, because=NAMES),
    page(
        "accounts:tokens", "POST", ADMINISTRATORS, sends={"label": "Warehouse", "acts_as": "$own_member"},
        is_form=True, answers=302, writes=("api_token.created",),
    ),
    page(
        "accounts:token_revoke", "POST", ADMINISTRATORS, path={"token_id": "$token"}, is_form=True, answers=302,
        writes=("api_token.revoked",),
    ),
]  # fmt: skip

STAFF_PAGES = [
    page("counselling:desk", "GET", FRONT_LINE, because=DESK_WORK),
    page("counselling:reviews", "GET", REVIEWERS, writes=("transcript.listed",)),
    page("counselling:review", "GET", REVIEWERS, path=CONVERSATION, writes=("transcript.viewed",)),
    page(
        "counselling:judge", "POST", REVIEWERS, path=CONVERSATION, sends={"line": "$client_line", "level": "high"},
        is_form=True, answers=302, writes=("level.judged",),
    ),
    page(
        "counselling:review", "POST", REVIEWERS, path=CONVERSATION, sends={"verdict": "appropriate", "note": ""},
        is_form=True, answers=302, writes=("review.completed",),
    ),
]  # fmt: skip

CLIENT_PAGES = [
    page("triage:chat", "GET", EVERYBODY, path=SLUG, because=NO_DATA),
    page("triage:urgent", "GET", EVERYBODY, path=SLUG, because=NO_DATA),
    page("triage:safety", "GET", EVERYBODY, path=SLUG, because=NO_DATA),
    page("triage:about", "GET", EVERYBODY, path=SLUG, because=NO_DATA),
    page("triage:embed", "GET", EVERYBODY, because=NO_DATA),
    page(
        "triage:start", "POST", EVERYBODY, path=SLUG, sends={"country": "AT"}, answers=201,
        writes=("conversation.started", *WELCOME, "client.started"),
    ),
    page(
        "triage:return", "POST", EVERYBODY, path=SLUG, sends={"return_key": "$return_key"},
        writes=("client.returned",),
    ),
    page(
        "triage:leave", "POST", EVERYBODY, path=SLUG, sends={"token": "$client_token"}, answers=204,
        writes=("client.left",),
    ),
    page(
        "triage:consent", "POST", EVERYBODY, path=SLUG, sends={"token": "$client_token", "learning": True},
        writes=("consent.given",),
    ),
]  # fmt: skip

API = [
    api("schema", "GET", EVERYBODY, because=NO_DATA),
    api("conversations", "GET", READERS, writes=("transcript.listed",)),
    api("conversation", "GET", READERS, path=CONVERSATION, because="it shows no words"),
    api("messages", "GET", READERS, path=CONVERSATION, writes=("transcript.viewed",)),
    api(
        "messages", "POST", FRONT_LINE, path=HELD, sends={"client_ref": "$uuid", "text": "I am here."}, answers=201,
        writes=("counsellor.replied",),
    ),
    api("hand_back", "POST", FRONT_LINE, path=HELD, answers=204, writes=HANDED_BACK),
    api("close", "POST", FRONT_LINE, path=HELD, sends={"disposition": "supported"}, answers=204, writes=CLOSED),
    api("alerts", "GET", READERS, because=NO_WORDS),
    api("acknowledge", "POST", FRONT_LINE, path=ALERT, writes=("alert.acknowledged",)),
    api(
        "resolve", "POST", FRONT_LINE, path=ALERT, sends={"resolution": "talked"}, in_person=True,
        writes=("alert.resolved",),
    ),
    api("takeovers", "GET", READERS, because=NO_WORDS),
    api("takeovers", "POST", FRONT_LINE, sends={"conversation": "$waiting"}, answers=201, writes=TAKEN_OVER),
    api("shifts", "GET", FRONT_LINE, because=NO_WORDS),
    api("shifts", "POST", FRONT_LINE, sends={"on": True}, writes=("shift.started",)),
    api("reviews", "GET", REVIEWERS, because=NO_WORDS),
    api(
        "reviews", "POST", REVIEWERS, sends={"conversation": "$closed", "verdict": "appropriate", "note": ""},
        answers=201, writes=("review.completed",),
    ),
    api("entries", "GET", AUDITORS, writes=("audit.viewed",)),
    api("checkpoints", "GET", AUDITORS, because="digests and signatures only"),
]  # fmt: skip

CHAT = [
    chat("hello", answers="welcome", because="starting and coming back were recorded when the token was given"),
    chat(
        "message", sends={"client_ref": "$uuid", "text": "[high] I cannot go on"}, answers="ack",
        writes=("message.received", "risk.assessed", "alert.raised", "bot.replied", "crisis_card.shown"),
    ),
    chat("catch_up", sends={"after": 0}, answers="message", because="a client reads their own conversation"),
    chat("typing", answers=None, because=FLEETING),
    chat("end", answers="state", writes=("conversation.ended_by_client",)),
    chat("country", sends={"country": "AT"}, answers="country", writes=("client.country_chosen",)),
]  # fmt: skip

DESK = [
    desk("hello", answers="welcome", because=DESK_WORK),
    desk("open", sends={"conversation": "$waiting"}, answers="transcript", writes=("transcript.viewed",)),
    desk("leave", sends={"conversation": "$uuid"}, answers="done", because=DESK_WORK),
    desk("catch_up", sends={"conversation": "$opened", "after": 0}, answers="done", because=LEFT_OPEN),
    desk("take_over", sends={"conversation": "$waiting"}, answers="done", writes=TAKEN_OVER),
    desk(
        "message", sends={"conversation": "$held", "client_ref": "$uuid", "text": "I am here."}, answers="ack",
        writes=("counsellor.replied",),
    ),
    desk("hand_back", sends={"conversation": "$held"}, answers="done", writes=HANDED_BACK),
    desk("close", sends={"conversation": "$held", "disposition": "supported"}, answers="done", writes=CLOSED),
    desk("acknowledge", sends={"alert": "$alert"}, answers="done", writes=("alert.acknowledged",)),
    desk(
        "resolve", sends={"alert": "$alert", "resolution": "talked"}, answers="done", writes=("alert.resolved",)
    ),
    desk("shift", sends={"on": True}, answers="done", writes=("shift.started",)),
    desk("typing", sends={"conversation": "$held"}, answers=None, because=FLEETING),
]  # fmt: skip

TASKS = [
    task("counselling.tasks.escalate_alerts", prepare="due_alert", writes=("alert.escalated",)),
    task("counselling.tasks.end_unseen_shifts", prepare="unseen_shift", writes=("shift.ended",)),
    task("triage.tasks.close_idle_conversations", prepare="idle", writes=("conversation.closed",)),
    task("triage.tasks.shadow_score", because="a candidate's scores change nothing in any conversation"),
    task("triage.tasks.send_check_ins", because="no check-in is due; tests/triage/test_aftercare.py shows the entries"),
    task("triage.tasks.mark_missed_check_ins", because="none was missed; tests/triage/test_aftercare.py shows them"),
    task("triage.tasks.report_drift", because="a new clinic has no full week yet; its tests show what a drift records"),
    task("audit.tasks.write_checkpoint", writes=("audit.checkpoint_written",)),
    task("accounts.tasks.forget_old_sign_ins", because="it deletes failures that lock nothing any more"),
    task("config.tasks.worker_heartbeat", because=NO_DATA),
]

NEWCOMER = (
    "--clinic", "riverside", "--email", "newcomer@example.invalid", "--name", "Newcomer", "--role", "administrator",
)  # fmt: skip
STATING = (
    "state", "--clinic", "riverside", "--as", "riverside-clinician@riverside.invalid", "--instrument", "who5",
    "--proof", "Letter 7",
)  # fmt: skip
RETIRING = ("retire", "--clinic", "riverside", "--as", "riverside-clinician@riverside.invalid", "--key", "grounding",
            "--reason", "under review")  # fmt: skip
PROPOSING = ("propose", "--clinic", "riverside", "--as", "riverside-clinician@riverside.invalid")

COMMANDS = [
    command("serve", because=SHELL),
    command("add_clinic", call=("--name", "Lakeside", "--slug", "lakeside"), writes=("clinic.created",)),
    command("add_member", call=NEWCOMER, writes=("member.added",)),
    command("demonstration", because="it runs in a demonstration only, and records each thing that it makes"),
    command("verify_audit_trail", call=("--quiet",), writes=("audit.verified",)),
    command("write_checkpoint", call=(), writes=("audit.checkpoint_written",)),
    command("audit_public_key", call=(), because=SHELL),
    command("train_riskmodel", because=SHELL),
    command("score", because=SHELL),
    command("corpus_check", because=SHELL),
    command("evaluate_riskmodel", because=SHELL),
    command("compare_riskmodels", because=SHELL),
    command("train_understanding", because=SHELL),
    command("evaluate_understanding", because=SHELL),
    command("content_digests", because=SHELL),
    command("lint_content", because=SHELL),
    command("play_flow", because=SHELL),
    command("content_release", call=RETIRING, writes=("content.retired",)),
    command("scoring", call=("off", "--clinic", "riverside"), writes=("scoring.switched_off",)),
    command("model_setup", call=PROPOSING, writes=("model.proposed",)),
    command("instrument_licences", call=STATING, writes=("licence.stated",)),
    command("shadow_report", because="counts and ids; with the words each view is recorded, which a test of it shows"),
    command("explain", writes=("transcript.viewed",)),
    command("drift_report", call=("--clinic", "riverside"), because="figures of a week only, no words and no ids"),
    command("export_labels", writes=("labels.exported", "transcript.viewed")),
    command("replay", because="it is a client of a running service, which records its turns"),
]

DOORS: list[Door] = [
    *HEALTH,
    *ROOT,
    *SIGNING,
    *ADMINISTRATION,
    *STAFF_PAGES,
    *CARE_PAGES,
    *RISK_PAGES,
    *CONTENT_PAGES,
    *CLIENT_PAGES,
    *PLAN_PAGES,
    *AFTERCARE_PAGES,
    *MINE_PAGES,
    *API,
    *CARE_API,
    *CHAT,
    *DESK,
    *TASKS,
    *COMMANDS,
]
