"""The doors of check-ins: the link of a note, which whoever holds it may use, and the staff page of a client."""

from tests.access.door import EVERYBODY, NO_WORDS_BUT_NAMES, READERS, page

CLIENT = {"client_id": "$planned_client"}
AGREED = {"reason": "after_flag", "time_zone": "UTC", "wall_time": "10:00", "agreed": "on"}
LINK = {"link": "nobody-signed-this"}
REFUSED = "nobody signed this link, so nothing happens; tests/triage/test_aftercare.py uses good ones"

AFTERCARE_PAGES = [
    page("triage:check_in", "GET", EVERYBODY, path=LINK, answers=410, because=REFUSED),
    page("triage:check_in_stop", "POST", EVERYBODY, path=LINK, is_form=True, answers=410, because=REFUSED),
    page(
        "triage:check_in_open", "POST", EVERYBODY, path={"slug": "$slug"}, sends={"link": "nobody-signed-this"},
        answers=410, because=REFUSED,
    ),
    page("counselling:check_ins", "GET", READERS, path=CLIENT, because=NO_WORDS_BUT_NAMES),
    page(
        "counselling:check_ins", "POST", READERS, path=CLIENT, sends=AGREED, is_form=True, answers=302,
        writes=("check_in.planned",),
    ),
    page(
        "counselling:check_ins_stop", "POST", READERS, path=CLIENT, is_form=True, answers=302,
        because="nothing is planned for this client; tests/counselling/test_aftercare_pages.py shows the entry",
    ),
]  # fmt: skip
