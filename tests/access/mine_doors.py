"""The doors of what is remembered about a client: theirs alone."""

from tests.access.door import EVERYBODY, NO_DATA, page

SLUG = {"slug": "$slug"}

MINE_PAGES = [
    page("triage:mine", "GET", EVERYBODY, path=SLUG, because=NO_DATA),
    page(
        "triage:mine_read", "POST", EVERYBODY, path=SLUG, sends={"token": "$client_token"},
        because="a client reads what is remembered of them",
    ),
    page(
        "triage:mine_save", "POST", EVERYBODY, path=SLUG, sends={"token": "$client_token", "no_breath": True},
        writes=("memory.changed",),
    ),
    page(
        "triage:mine_erase", "POST", EVERYBODY, path=SLUG, sends={"token": "$client_token", "part": "all"},
        because="nothing was kept of this client, so nothing is erased; tests/triage/test_mine.py shows the entry",
    ),
]  # fmt: skip
