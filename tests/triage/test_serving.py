"""What is said in a clinic right now: in every running process within seconds, and nothing unapproved at send."""

import logging
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.stories import a_client_starts
from tests.triage.release_stories import MENU_LINE, OWN_MENU_LINE, on_disk, own_folder, put_to_use, rewrite
from triage import releases, serving
from triage.bot.catalogue import text_digest
from triage.bot.engine import Reply
from triage.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

GROUNDING = ("grounding", "en")


@pytest.fixture(autouse=True)
def levels_stand_in_the_text(settings):
    settings.RISK_SCORER = "tests.fakes.marked"


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    serving.forget()
    yield
    serving.forget()


@pytest.fixture
def folder(tmp_path, settings):
    return own_folder(tmp_path, settings)


def test_a_decision_holds_in_other_processes_within_seconds(clinic, clinician, clock):
    assert serving.catalogue_for(clinic.pk).find("grounding")
    known = serving._known[clinic.pk]
    releases.retire(clinician, *GROUNDING, reason="why", at=clock.now)
    serving._known[clinic.pk] = replace(known, read_at=known.read_at + 600)  # this process has not heard of it yet
    assert serving.catalogue_for(clinic.pk).find("grounding")
    assert serving._FRESH_FOR <= 10
    serving._known[clinic.pk] = replace(known, read_at=known.read_at - serving._FRESH_FOR)
    assert serving.catalogue_for(clinic.pk).find("grounding") is None


def asked_of_releases(captured):
    return [one for one in captured.captured_queries if "contentrelease" in one["sql"]]


def test_a_turn_asks_at_most_once_what_the_clinic_decided(clinic, clinician, second_clinician, clock):
    put_to_use(on_disk("menu"), clock, clinician, second_clinician)
    writer = a_client_starts(clinic, clock)
    writer.writes("hello")
    serving.forget()
    with CaptureQueriesContext(connection) as cold:
        writer.writes("my mood is low")
    assert len(asked_of_releases(cold)) == 1
    known = serving._known[clinic.pk]
    serving._known[clinic.pk] = replace(known, read_at=known.read_at + 600)
    with CaptureQueriesContext(connection) as warm:
        writer.writes("and so is the weather")
    assert asked_of_releases(warm) == [], "within two seconds it costs nothing"


def test_bot_5_every_text_of_a_turn_is_in_the_clinics_approved_set(folder, clinic, clinician, second_clinician, clock):
    put_to_use(rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE, version=9), clock, clinician, second_clinician)
    writer = a_client_starts(clinic, clock)
    for text in ("hello", "menu", "menu", "menu", "grounding please", "yes", "[high] I cannot go on", "are you real?"):
        writer.writes(text)
    approved = serving.catalogue_for(clinic.pk).approved_digests("en")
    rows = Message.objects.filter(conversation=writer.conversation).exclude(content_digest="")
    assert rows.count() > 8
    assert {row.content_digest for row in rows} <= approved
    assert any(OWN_MENU_LINE in text for _, text in writer.reads())
    assert not any(MENU_LINE in text for _, text in writer.reads())


def reply(text, digest="", **more):
    return Reply("menu.what_now", 2, digest or text_digest(text), text, **more)


def test_bot_3_an_unapproved_text_is_stopped_at_send_and_named_by_id_only(clinic):
    catalogue = serving.catalogue_for(clinic.pk)
    approved = catalogue.text("controls.unsure")
    good = Reply(approved.key, approved.version, approved.digest, approved.text)
    assert serving.checked(catalogue, [good], locale="en") == (good,)
    for bad in (reply("Some words of nobody."), reply("Some words of nobody.", digest=approved.digest)):
        with pytest.raises(serving.NotApproved) as refused:
            serving.checked(catalogue, [good, bad], locale="en")
        assert "Some words" not in str(refused.value)
        assert "menu.what_now" in str(refused.value)


def test_bot_3_when_the_bot_has_nothing_approved_to_say_a_person_is_called(
    clinic, clinician, second_clinician, clock, caplog
):
    put_to_use(on_disk("menu"), clock, clinician, second_clinician)
    writer = a_client_starts(clinic, clock)
    serving.catalogue_for(clinic.pk)._digests.clear()  # from here on nothing counts as approved in this process
    with caplog.at_level(logging.ERROR):
        turn = writer.writes("hello, my name is Robin")
    assert [line.sender for line in turn.lines] == ["client"], "the message is kept, and no unapproved word is said"
    assert (writer.conversation.state, turn.alert_open) == ("waiting", True)
    assert "NotApproved" in caplog.text
    assert "Robin" not in caplog.text


def test_a_chat_that_opened_without_its_first_words_says_next_that_software_writes(
    clinic, clinician, second_clinician, clock
):
    put_to_use(on_disk("menu"), clock, clinician, second_clinician)
    serving.catalogue_for(clinic.pk)._digests.clear()
    writer = a_client_starts(clinic, clock)
    assert writer.reads() == []
    serving.forget()
    writer.writes("hello")
    assert "not a person" in writer.reads()[1][1]
