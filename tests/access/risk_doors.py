"""The doors of the risk model's pages: what scores, the switch, candidates and their decisions."""

from tests.access.door import AUDITORS, CLINICIANS, NAMES, NO_DATA, NO_WORDS_BUT_NAMES, REVIEWERS, page

CONVERSATION = {"conversation_id": "$waiting"}
SETUP = {"setup_id": "$setup"}
TO_MODE = {"mode": "rules_only"}

RISK_PAGES = [
    page("counselling:risk", "GET", AUDITORS, because=NO_WORDS_BUT_NAMES),
    page(
        "counselling:risk_mode", "POST", CLINICIANS, sends=TO_MODE, is_form=True, answers=302,
        writes=("clinic.settings_changed",),
    ),
    page(
        "counselling:risk_drift_seen", "POST", REVIEWERS, path={"report_id": "$drift_report"}, is_form=True,
        answers=302, writes=("model.drift_seen",),
    ),
    page("counselling:risk_off", "GET", REVIEWERS, because=NO_DATA),
    page(
        "counselling:risk_off", "POST", REVIEWERS, sends=TO_MODE, is_form=True, answers=302,
        writes=("scoring.switched_off",),
    ),
    page("counselling:risk_on", "GET", REVIEWERS, because=NO_DATA),
    page(
        "counselling:risk_on", "POST", REVIEWERS, prepare="scoring_off", is_form=True, answers=302,
        writes=("scoring.switched_on",),
    ),
    page("counselling:risk_conversation_off", "GET", REVIEWERS, path=CONVERSATION, because=NO_WORDS_BUT_NAMES),
    page(
        "counselling:risk_conversation_off", "POST", REVIEWERS, path=CONVERSATION, sends=TO_MODE, is_form=True,
        answers=302, writes=("scoring.switched_off",) * 2,
    ),
    page("counselling:risk_conversation_on", "GET", REVIEWERS, path=CONVERSATION, because=NO_WORDS_BUT_NAMES),
    page(
        "counselling:risk_conversation_on", "POST", REVIEWERS, path={"conversation_id": "$unscored"}, is_form=True,
        answers=302, writes=("scoring.switched_on",) * 2,
    ),
    page("counselling:risk_roll_back", "GET", CLINICIANS, because=NO_DATA),
    page(
        "counselling:risk_roll_back", "POST", CLINICIANS, prepare="setup_in_force", is_form=True, answers=302,
        writes=("model.rolled_back",),
    ),
    page("counselling:risk_candidates", "GET", AUDITORS, because=NAMES),
    page("counselling:risk_propose", "GET", CLINICIANS, because=NO_DATA),
    page(
        "counselling:risk_propose", "POST", CLINICIANS, sends={"version": "", "thresholds": "version"}, is_form=True,
        answers=302, writes=("model.proposed",),
    ),
    page("counselling:risk_candidate", "GET", AUDITORS, path={"setup_id": "$compared"}, because=NO_WORDS_BUT_NAMES),
    page(
        "counselling:risk_messages", "GET", REVIEWERS, path={"setup_id": "$compared"}, writes=("transcript.viewed",)
    ),
    page("counselling:risk_shadow", "GET", CLINICIANS, path=SETUP, because=NAMES),
    page(
        "counselling:risk_shadow", "POST", CLINICIANS, path=SETUP, is_form=True, answers=302,
        writes=("model.shadowed",),
    ),
    page("counselling:risk_approve", "GET", CLINICIANS, path=SETUP, because=NAMES),
    page(
        "counselling:risk_approve", "POST", CLINICIANS, path=SETUP, is_form=True, answers=302,
        writes=("model.approved",),
    ),
    page("counselling:risk_promote", "GET", CLINICIANS, path=SETUP, because=NAMES),
    page(
        "counselling:risk_promote", "POST", CLINICIANS, path={"setup_id": "$approved_setup"}, is_form=True,
        answers=302, writes=("model.activated",),
    ),
    page("counselling:risk_withdraw", "GET", CLINICIANS, path=SETUP, because=NAMES),
    page(
        "counselling:risk_withdraw", "POST", CLINICIANS, path=SETUP, is_form=True, answers=302,
        writes=("model.withdrawn",),
    ),
]  # fmt: skip
