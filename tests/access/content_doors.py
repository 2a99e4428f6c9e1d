"""The doors of the pages of the bot's content: what is said, what changed, decisions and previews."""

from tests.access.door import CLINICIANS, NAMES, REVIEWERS, page

ITEM = {"locale": "en", "key": "grounding"}
EXACT = {**ITEM, "digest": "$grounding"}
SHOWN = "approved wording and names of the clinic's staff, nothing of a client"

CONTENT_PAGES = [
    page("counselling:content", "GET", REVIEWERS, because=SHOWN),
    page("counselling:content_item", "GET", REVIEWERS, path=ITEM, because=SHOWN),
    page("counselling:content_compare", "GET", REVIEWERS, path=ITEM, because=SHOWN),
    page("counselling:content_preview", "GET", REVIEWERS, path=EXACT, because=SHOWN),
    page(
        "counselling:content_preview", "POST", REVIEWERS, path=EXACT, sends={"again": "1"}, is_form=True,
        because="a preview is nobody's conversation and is not stored",
    ),
    page("counselling:content_approve", "GET", CLINICIANS, path=EXACT, because=NAMES),
    page(
        "counselling:content_approve", "POST", CLINICIANS, path=EXACT, is_form=True, answers=302,
        writes=("content.approved",),
    ),
    page("counselling:content_activate", "GET", CLINICIANS, path=EXACT, because=NAMES),
    page(
        "counselling:content_activate", "POST", CLINICIANS, path=EXACT, prepare="content_approved", is_form=True,
        answers=302, writes=("content.activated",),
    ),
    page("counselling:content_retire", "GET", CLINICIANS, path=ITEM, because=NAMES),
    page(
        "counselling:content_retire", "POST", CLINICIANS, path=ITEM, sends={"reason": "under review"}, is_form=True,
        answers=302, writes=("content.retired",),
    ),
    page("counselling:content_roll_back", "GET", CLINICIANS, path=ITEM, because=NAMES),
    page(
        "counselling:content_roll_back", "POST", CLINICIANS, path=ITEM, prepare="content_in_use", is_form=True,
        answers=302, writes=("content.rolled_back",),
    ),
]  # fmt: skip
