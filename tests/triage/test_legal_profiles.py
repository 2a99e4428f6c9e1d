"""What the law lets software say: logistics alone where only people may speak, and a reminder that it is software."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts import profiles
from accounts.profiles import ProfileError, profile_of, read_profile
from tests.people import make_clinic
from tests.stories import Clock, a_client_starts
from triage import disclosures
from triage.bot import engine
from triage.bot.catalogue import current_catalogue
from triage.models import Alert, Message, RiskAssessment, Sender
from triage.states import State

WRITTEN = [
    "hello",
    "I want to try an exercise",
    "grounding please",
    "what is a panic attack",
    "I feel sad",
    "are you real",
    "urgent help",
    "thanks",
    "Look at a hard thought",
    "menu",
]


@pytest.fixture
def marked(settings):
    settings.RISK_SCORER = "tests.fakes.marked"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def people_only(db, marked):
    return make_clinic("People Only", profile="human_only")


@pytest.mark.django_db(transaction=True)
def test_law_1_fifty_messages_get_logistics_alone_no_score_and_a_place_in_the_queue(people_only, clock):
    client = a_client_starts(people_only, clock)
    for number in range(50):
        client.writes(f"{WRITTEN[number % len(WRITTEN)]} {number}" if number % 3 else WRITTEN[number % len(WRITTEN)])

    said = Message.objects.filter(conversation_id=client.conversation_id, sender=Sender.BOT)
    assert said.count() >= 50
    assert not [key for key in said.values_list("content_key", flat=True) if not disclosures.is_logistics(key)]
    assert not said.exclude(exercise="").exists()
    assert not RiskAssessment.objects.exists()
    assert client.conversation.state == State.WAITING
    assert Alert.objects.get().kind == "unscored"
    assert "software could not read" not in " ".join(text for _, text in client.reads())


@pytest.mark.django_db(transaction=True)
def test_law_1_the_first_words_say_that_they_are_automated_and_offer_no_exercise(people_only, clock):
    client = a_client_starts(people_only, clock)
    [(sender, text)] = client.reads()
    assert sender == "bot"
    assert "automated, not a person" in text
    assert not Message.objects.get().choices


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("field", ["bot_enabled", "scoring_enabled"])
def test_law_1_no_switch_of_the_clinic_lifts_the_law(people_only, field):
    setattr(people_only, field, True)
    people_only.save()
    assert not people_only.bot_speaks
    assert not people_only.scores


def test_law_1_a_reply_that_the_law_forbids_is_dropped_and_logged_with_the_profile(caplog):
    reply = engine.begin(current_catalogue()).replies[0]
    assert disclosures.lawful(profile_of("human_only"), [reply], conversation_id=None) == ()
    [record] = caplog.records
    assert (record.profile, record.content) == ("human_only", reply.key)
    assert reply.text not in caplog.text
    assert disclosures.lawful(profile_of("eu"), [reply], conversation_id=None) == (reply,)


def test_law_1_a_profile_that_nobody_knows_counts_as_the_strictest():
    assert profile_of("gone") is profile_of(profiles.STRICTEST)


@pytest.mark.django_db(transaction=True)
def test_a_new_clinic_may_do_nothing_but_connect_to_people_until_somebody_signs_more_off():
    from accounts.clinics import add_clinic

    clinic = add_clinic(name="New", slug="new", at=datetime(2026, 11, 24, tzinfo=UTC))
    assert clinic.law.key == "human_only"


# -- Reminders


@pytest.fixture
def writer(clinic, clock, marked):
    return a_client_starts(clinic, clock)


def reminders(writer):
    rows = Message.objects.filter(conversation_id=writer.conversation_id)
    return rows.filter(content_key__startswith=disclosures.REMINDER).count()


@pytest.mark.django_db(transaction=True)
def test_bot_4_after_three_hours_a_client_is_told_again_that_software_writes(writer, clock):
    began = clock.now
    clock.now = began + timedelta(hours=3, seconds=-2)
    writer.writes("hello")
    assert reminders(writer) == 0

    clock.now = began + timedelta(hours=3)
    writer.writes("hello again")
    assert reminders(writer) == 1
    first_reply = Message.objects.filter(conversation_id=writer.conversation_id, seq=writer.sent[-1].seq + 1).get()
    assert first_reply.content_key.startswith(disclosures.REMINDER)


@pytest.mark.django_db(transaction=True)
def test_bot_4_the_next_reminder_comes_three_hours_after_the_last_one(writer, clock):
    for hours, told in ((3, 1), (2, 1), (1, 2)):
        clock.forward(hours=hours)
        writer.writes("hello")
        assert reminders(writer) == told


@pytest.mark.django_db(transaction=True)
def test_law_10_who_asked_was_told_and_is_not_told_again_at_once(writer, clock):
    clock.forward(hours=2, minutes=59)
    writer.writes("are you a real person?")
    clock.forward(minutes=30)
    writer.writes("hello")
    assert reminders(writer) == 0


@pytest.mark.django_db(transaction=True)
def test_bot_4_a_client_who_waits_is_reminded_as_well(writer, clock):
    writer.writes("[high] I cannot go on")
    clock.forward(hours=4)
    writer.writes("it is raining outside")
    assert writer.conversation.state == State.WAITING
    assert reminders(writer) == 1


@pytest.mark.django_db(transaction=True)
def test_bot_4_after_seven_idle_days_the_first_answer_says_it(writer, clock):
    clock.forward(days=7)
    writer.writes("hello")
    assert reminders(writer) == 1


# -- The files


@pytest.mark.parametrize(
    ("days", "word"), [(90, ""), (91, "to be read again"), (180, "to be read again"), (181, "out of date")]
)
def test_law_12_whoever_chooses_a_profile_sees_how_old_the_reading_of_the_law_is(days, word):
    profile = profile_of("eu")
    label = profile.label(on=profile.reviewed_on + timedelta(days=days))
    assert f"{profile.reviewed_on:%d %B %Y}" in label
    assert word in label
    assert ("read again" in label or "out of date" in label) == bool(word)


def test_the_four_profiles_of_the_standard_are_there():
    assert set(profiles.profiles()) == {"human_only", "assistive", "eu", "england"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("scoring = true", 'scoring = "yes"'), "'scoring' must be bool"),
        (('bot = "content"', 'bot = "anything"'), "bot must be one of content, logistics"),
        (("scoring = true", "scoring = true\nmagic = 1"), "unknown key 'magic'"),
        (("scoring = true", "scoring ="), "cannot be read"),
    ],
)
def test_a_broken_profile_is_refused_with_the_file_and_the_reason(tmp_path, change, why):
    file = tmp_path / "eu.toml"
    file.write_text((profiles.FOLDER / "eu.toml").read_text().replace(*change))
    with pytest.raises(ProfileError, match=f"eu.toml: .*{why}"):
        read_profile(file)
