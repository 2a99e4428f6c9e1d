"""The doors of check-ins: the link of a note, which whoever holds it may use."""

from tests.access.door import EVERYBODY, page

LINK = {"link": "nobody-signed-this"}
REFUSED = "nobody signed this link, so nothing happens; tests/triage/test_aftercare.py uses good ones"

AFTERCARE_PAGES = [
    page("triage:check_in", "GET", EVERYBODY, path=LINK, answers=410, because=REFUSED),
    page("triage:check_in_stop", "POST", EVERYBODY, path=LINK, is_form=True, answers=410, because=REFUSED),
    page(
        "triage:check_in_open", "POST", EVERYBODY, path={"slug": "$slug"}, sends={"link": "nobody-signed-this"},
        answers=410, because=REFUSED,
    ),
]  # fmt: skip
