"""What is remembered of a client, on PostgreSQL: kept in the turn, shown to them alone, erased when they say."""

import json
from datetime import UTC, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Clinic
from audit.models import Entry
from counselling import desk
from tests.stories import Clock, a_client_starts
from triage import clients, conversations, mine
from triage.bot.catalogue import current_catalogue
from triage.bot.offers import NO_BREATH, next_offer
from triage.bot.position import Position
from triage.bot.run import Run
from triage.mine import Mood
from triage.models import ClientMemory, MoodCheck
from triage.mood_chart import MOST, mood_chart

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "Robin of the wood"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


@pytest.fixture
def me(clinic, writer, clock):
    """The three verbs as the client uses them."""

    class Me:
        keys = {"clinic": clinic, "token": writer.started.token}

        def reads(self):
            return mine.read(**self.keys, at=clock.now)

        def changes(self, **wanted):
            return mine.change(**self.keys, wanted=wanted, at=clock.now)

        def erases(self, part):
            return mine.erase(**self.keys, part=part, at=clock.now)

    return Me()


def entries(action):
    return [json.loads(entry.detail) for entry in Entry.objects.filter(action=action).order_by("pk")]


def stands_in(writer, flow, node, **memory):
    conversation = writer.conversation
    version = current_catalogue().find(flow).version
    conversation.bot_position = Position(flow, node, version, memory).to_json()
    conversation.save(update_fields=["bot_position"])


# -- What a turn leaves


def test_a_mood_told_in_a_check_in_is_kept_with_its_time(writer, me, clock):
    stands_in(writer, "mood_check", "ask")
    writer.writes("7")
    assert me.reads().moods == [Mood(7, clock.now)]
    assert entries("memory.changed") == [{"fields": ["mood"]}]


def test_the_same_number_told_twice_is_two_check_ins(writer, me):
    for _ in range(2):
        stands_in(writer, "mood_check", "ask")
        writer.writes("4")
    assert [mood.value for mood in me.reads().moods] == [4, 4]


@pytest.mark.parametrize("told", ["skip", "eleven", "I would rather talk to a person"])
def test_no_number_no_check_in(writer, told):
    stands_in(writer, "mood_check", "ask")
    writer.writes(told)
    assert not MoodCheck.objects.exists()


def test_an_exercise_that_helped_is_remembered_by_its_title(writer, me):
    stands_in(writer, "thought_record", "after")
    writer.writes("Better")
    assert me.reads().helped == [("thought_record", current_catalogue().find("thought_record").title)]


def test_what_made_things_worse_is_taken_from_the_list_of_what_helped(writer, me):
    for answer in ("Better", "Worse"):
        stands_in(writer, "grounding", "after")
        writer.writes(answer)
    assert me.reads().helped == []


@pytest.mark.parametrize("answer", ["About the same", "Rather not say"])
def test_an_exercise_that_did_not_help_is_not_called_a_help(writer, me, answer):
    stands_in(writer, "grounding", "after")
    writer.writes(answer)
    assert me.reads().helped == []


def test_every_exercise_asks_afterwards_in_the_way_that_is_remembered():
    for item in current_catalogue().items():
        if item.kind == "exercise":
            assert {"after", "better", "worse_once", "worse_again"} <= set(item.nodes), item.key


def test_an_exercise_is_unfinished_from_its_first_step_to_its_last(writer, me):
    stands_in(writer, "thought_record", "offer")
    writer.writes("yes")
    assert me.reads().unfinished[0] == "thought_record"
    stands_in(writer, "thought_record", "strong_after")
    writer.writes("3")
    assert me.reads().unfinished is None


def test_whoever_stops_an_exercise_has_not_left_it_unfinished(writer, me):
    stands_in(writer, "thought_record", "offer")
    for text in ("yes", "stop"):
        writer.writes(text)
    assert me.reads().unfinished is None


def test_an_exercise_that_a_call_for_a_person_broke_off_stays_unfinished(writer, me):
    stands_in(writer, "thought_record", "offer")
    writer.writes("yes")
    writer.writes("[high] I cannot do this any more")
    assert me.reads().unfinished[0] == "thought_record"


def test_an_everyday_turn_does_not_touch_what_is_remembered(writer):
    with CaptureQueriesContext(connection) as told:
        writer.writes("hello")
        writer.writes("thank you")
    assert not [one for one in told.captured_queries if "clientmemory" in one["sql"] or "moodcheck" in one["sql"]]


def test_what_is_kept_goes_with_a_turn_that_fails(writer):
    stands_in(writer, "mood_check", "ask")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE triage_message ADD CONSTRAINT no_more CHECK (seq < 0) NOT VALID")
    try:
        with pytest.raises(IntegrityError):
            writer.writes("7")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE triage_message DROP CONSTRAINT no_more")
    assert not MoodCheck.objects.exists()


# -- The client's own page


def test_nothing_is_remembered_of_somebody_new(me):
    found = me.reads()
    assert (found.name, found.helped, found.unfinished, found.moods, found.is_off) == ("", [], None, [], False)
    assert ("en", "English") in found.languages


def test_a_name_is_sealed_at_rest_and_stands_in_no_entry_and_no_log(me, writer, caplog):
    caplog.set_level("DEBUG")
    assert me.changes(name=f"  {NAME} ").name == NAME
    memory = ClientMemory.objects.get()
    assert NAME.encode() not in bytes(memory.sealed_name)
    assert entries("memory.changed") == [{"fields": ["name"]}]
    assert NAME not in str(list(Entry.objects.values_list("detail", flat=True)))
    assert NAME not in caplog.text
    client_id = writer.conversation.client_id
    assert mine.wishes_of([client_id]) == {client_id: mine.Wishes(NAME, no_breath=False, no_religion=False)}


@pytest.mark.parametrize("name", ["x" * 40, "Zoë", "李", "O’Neill-Şahin"])
def test_a_name_may_be_any_name_of_up_to_40_characters(me, name):
    assert me.changes(name=name).name == name


@pytest.mark.parametrize(
    ("name", "code"), [("x" * 41, "too_long"), ("a\nb", "bad_name"), ("\u202eevil", "bad_name"), (7, "bad_name")]
)
def test_what_cannot_be_a_name_is_refused_and_the_old_one_stays(me, name, code):
    me.changes(name=NAME)
    with pytest.raises(mine.BadAnswer) as refused:
        me.changes(name=name)
    assert refused.value.code == code
    assert me.reads().name == NAME


@pytest.mark.parametrize(
    "wanted", [{}, {"mood": 3}, {"no_breath": "yes"}, {"remember": 1}, {"language": "xx"}, {"language": None}]
)
def test_an_answer_that_means_nothing_is_refused(me, wanted):
    with pytest.raises(mine.BadAnswer):
        me.changes(**wanted)


def test_saying_a_thing_again_leaves_no_entry(me):
    for _ in range(2):
        me.changes(no_religion=True)
    assert entries("memory.changed") == [{"fields": ["no_religion"]}]


def test_a_name_that_cannot_be_opened_shows_as_none_and_can_be_given_anew(me, caplog):
    me.changes(name=NAME)
    ClientMemory.objects.update(sealed_name=b"\x00" * 40)
    assert me.reads().name == ""
    assert "cannot be read" in caplog.text
    assert me.changes(name="Kim").name == "Kim"


def test_another_clinics_token_reads_changes_and_erases_nothing(writer, clock):
    other = Clinic.objects.create(name="Hillside", slug="hillside-too", created_at=clock.now)
    keys = {"clinic": other, "token": writer.started.token, "at": clock.now}
    for act in (
        lambda: mine.read(**keys),
        lambda: mine.change(**keys, wanted={"no_breath": True}),
        lambda: mine.erase(**keys, part="all"),
    ):
        with pytest.raises(clients.StrangerToken):
            act()
    assert not ClientMemory.objects.exists()


def test_staff_see_on_the_desk_how_to_call_somebody_and_what_to_leave_out(me, writer, counsellor):
    writer.writes("[high] I cannot go on")
    assert shown_on_the_desk(counsellor) == ("", [])
    me.changes(name=NAME, no_religion=True)
    assert shown_on_the_desk(counsellor) == (NAME, ["no_religion"])
    me.changes(remember=False)
    assert shown_on_the_desk(counsellor) == ("", [])


def shown_on_the_desk(counsellor):
    [card] = desk.queue(counsellor)["conversations"]
    return card["called"], card["wishes"]


# -- Breath focus off


def offers_breathing(writer):
    position = Position.from_json(writer.conversation.bot_position)
    return next_offer(Run(current_catalogue(), position, "en"), "body_calm") == "paced_breathing"


def test_whoever_wants_no_breath_focus_is_offered_none_from_the_next_message_on(writer, me):
    assert offers_breathing(writer)
    me.changes(no_breath=True)
    assert not offers_breathing(writer)
    me.changes(no_breath=False)
    assert offers_breathing(writer)


def test_the_wish_holds_in_the_next_conversation_too(clinic, writer, me, clock):
    me.changes(no_breath=True)
    conversations.end_by_client(conversation_id=writer.conversation_id, at=clock.forward(minutes=1))
    writer.started = clients.come_back(clinic=clinic, token=writer.started.token, at=clock.forward(minutes=1))
    assert writer.conversation.bot_position["memory"][NO_BREATH] == 1
    assert not offers_breathing(writer)


# -- Erasing, and remembering nothing


@pytest.fixture
def known(writer, me):
    """A client of whom something of each kind is remembered."""
    me.changes(name=NAME, no_breath=True)
    stands_in(writer, "mood_check", "ask")
    writer.writes("3")
    stands_in(writer, "grounding", "after")
    writer.writes("Better")
    stands_in(writer, "thought_record", "offer")
    writer.writes("yes")
    return writer


@pytest.mark.parametrize("part", mine.PARTS)
def test_one_part_is_erased_and_the_others_stay(known, me, part):
    def held():
        found = me.reads()
        has = (found.name, found.helped, found.unfinished, found.no_breath or found.no_religion, found.moods)
        return {name for name, value in zip(mine.PARTS, has, strict=True) if value}

    assert held() == set(mine.PARTS)
    me.erases(part)
    assert held() == set(mine.PARTS) - {part}
    assert entries("memory.erased") == [{"fields": [part]}]


def test_everything_is_erased_at_once_and_the_name_cannot_be_opened_any_more(known, me):
    me.erases("all")
    assert not MoodCheck.objects.exists()
    memory = ClientMemory.objects.get()
    assert (memory.memory_key, memory.sealed_name, memory.helped, memory.unfinished) == (None, None, [], "")
    assert entries("memory.erased") == [{"fields": list(mine.PARTS)}]
    me.erases("all")
    assert len(entries("memory.erased")) == 1


def test_a_part_that_does_not_exist_is_refused(me):
    with pytest.raises(mine.BadAnswer):
        me.erases("chat")


def test_whoever_wants_no_memory_is_forgotten_and_nothing_is_kept_from_then_on(known, me):
    found = me.changes(remember=False)
    assert (found.is_off, found.name, found.helped, found.moods) == (True, "", [], [])
    stands_in(known, "mood_check", "ask")
    known.writes("9")
    stands_in(known, "grounding", "after")
    known.writes("Better")
    assert (me.reads().moods, me.reads().helped) == ([], [])
    with pytest.raises(mine.BadAnswer, match="Allow it first"):
        me.changes(name="Kim")


def test_memory_can_be_allowed_again(known, me):
    me.changes(remember=False)
    me.changes(remember=True)
    stands_in(known, "mood_check", "ask")
    known.writes("5")
    assert [mood.value for mood in me.reads().moods] == [5]


def test_the_database_itself_keeps_nothing_against_the_wish(known, me):
    me.changes(remember=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        ClientMemory.objects.update(helped=["grounding"])
    with pytest.raises(IntegrityError), transaction.atomic():
        MoodCheck.objects.create(client=known.conversation.client, value=11, at=timezone.now())


# -- The chart and the page


def moods(*values):
    return [Mood(value, Clock().now + timedelta(days=number)) for number, value in enumerate(values)]


def test_without_a_check_in_there_is_no_chart():
    assert mood_chart([], UTC) == ""


def test_the_chart_has_a_dot_for_each_check_in_and_says_the_ends_in_words():
    drawn = mood_chart(moods(0, 10, 4), UTC)
    assert drawn.count("<circle") == 3
    assert "3 check-ins, the first 0 and the last 4 of 10." in drawn
    assert "2026-11-24" in drawn
    assert "2026-11-26" in drawn
    assert 'cy="122"' in drawn
    assert 'cy="10"' in drawn


def test_the_chart_shows_the_newest_when_there_are_many():
    drawn = mood_chart(moods(*[5] * 50), UTC)
    assert drawn.count("<circle") == MOST


def test_one_check_in_stands_in_the_middle_and_names_its_day_once():
    drawn = mood_chart(moods(6), UTC)
    assert "One check-in" in drawn
    assert drawn.count("2026-11-24") == 1


def test_the_page_is_the_same_for_everybody_and_the_answers_need_the_key(client, clinic, writer):
    page = client.get(f"/c/{clinic.slug}/mine/")
    assert page.status_code == 200
    assert writer.started.pseudonym not in page.content.decode()
    refused = client.post(f"/c/{clinic.slug}/mine/read", {"token": "wrong"}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "unknown_key")


def test_what_the_page_shows_is_what_was_saved(client, clinic, writer):
    clinic_now = {"token": clients.start(clinic=clinic, at=timezone.now()).token}
    address = f"/c/{clinic.slug}/mine"
    saved = client.post(f"{address}/save", {**clinic_now, "name": NAME}, content_type="application/json").json()
    assert saved["name"] == NAME
    assert saved == client.post(f"{address}/read", clinic_now, content_type="application/json").json()
    bad = client.post(f"{address}/save", {**clinic_now, "name": "x" * 41}, content_type="application/json")
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "too_long")
