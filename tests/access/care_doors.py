"""The doors of care: tasks for people, and what clients' screenings came to."""

from tests.access.door import NO_WORDS_BUT_NAMES, READERS, api, page

CLIENT = {"client_id": "$screened_client"}
SCREENING = {"screening_id": "$screening"}

CARE_PAGES = [
    page("counselling:care", "GET", READERS, because=NO_WORDS_BUT_NAMES),
    page(
        "counselling:care_done", "POST", READERS, path={"task_id": "$care_task"}, is_form=True, answers=302,
        writes=("care_task.done",),
    ),
    page("counselling:care_screenings", "GET", READERS, path=CLIENT, writes=("screening.listed",)),
    page("counselling:care_answers", "GET", READERS, path=SCREENING, writes=("screening.viewed",)),
]  # fmt: skip

CARE_API = [
    api("screenings", "GET", READERS, path=CLIENT, writes=("screening.listed",)),
    api("screening", "GET", READERS, path=SCREENING, writes=("screening.viewed",)),
]
