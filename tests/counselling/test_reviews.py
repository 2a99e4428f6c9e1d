"""A judgement of a conversation: sealed, on the trail, added and never changed."""

import pytest

from accounts.access import NotPermitted
from audit.models import Entry
from audit.selectors import detail_of
from counselling.models import Review
from counselling.reviews import UnknownVerdict, complete_review, note_place
from tests.stories import Clock, a_client_starts, trail
from triage.access import UnknownConversation
from triage.models import Conversation
from triage.sealing import Seal, Unreadable
from triage.texts import BadText

pytestmark = pytest.mark.django_db(transaction=True)

NOTE = 'She wrote "nobody would notice" and the question came late.'


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(clinic, clock, settings):
    settings.RISK_SCORER = "tests.fakes.marked"
    return a_client_starts(clinic, clock)


def review(member, writer, *, verdict="concern", note=NOTE):
    return complete_review(
        member=member,
        conversation_id=writer.conversation_id,
        verdict=verdict,
        note=note,
        at=writer.clock.forward(seconds=60),
    )


@pytest.mark.parametrize("role", ["supervisor", "clinician"])
def test_a_review_is_stored_and_recorded_without_its_words(writer, request, role):
    done = review(request.getfixturevalue(role), writer)
    assert done.verdict == "concern"
    assert trail(writer.conversation_id)[-1] == "review.completed"
    entry = Entry.objects.get(action="review.completed")
    assert detail_of(entry)["verdict"] == "concern"
    assert detail_of(entry)["note_characters"] == len(NOTE)
    assert "notice" not in entry.detail
    assert entry.entity_id == str(done.pk)


def test_the_note_lies_sealed_and_opens_only_in_its_own_place(writer, supervisor):
    first, second = review(supervisor, writer), review(supervisor, writer, note="Another note.")
    assert b"notice" not in bytes(first.sealed_note)
    conversation = writer.conversation
    seal = Seal(conversation.pk, conversation.message_key)
    assert seal.open(first.sealed_note, place=note_place(first.pk)) == NOTE
    with pytest.raises(Unreadable):
        seal.open(first.sealed_note, place=note_place(second.pk))


def test_a_second_review_stands_beside_the_first(writer, supervisor, clinician):
    review(supervisor, writer, verdict="appropriate", note="")
    review(clinician, writer, verdict="unsafe")
    assert list(Review.objects.order_by("reviewed_at").values_list("verdict", flat=True)) == ["appropriate", "unsafe"]


@pytest.mark.parametrize("role", ["counsellor", "administrator"])
def test_roles_without_the_right_cannot_review(writer, request, role):
    with pytest.raises(NotPermitted):
        review(request.getfixturevalue(role), writer)
    assert not Review.objects.exists()


def test_another_clinics_conversation_is_unknown(other_clinic, writer, supervisor, clock):
    theirs = a_client_starts(other_clinic, clock)
    with pytest.raises(UnknownConversation):
        review(supervisor, theirs)


def test_an_unknown_verdict_is_refused(writer, supervisor):
    with pytest.raises(UnknownVerdict):
        review(supervisor, writer, verdict="fine")


@pytest.mark.parametrize("verdict", ["concern", "unsafe"])
@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_concern_says_what_it_is(writer, supervisor, verdict, note):
    with pytest.raises(BadText) as refused:
        review(supervisor, writer, verdict=verdict, note=note)
    assert refused.value.code == "empty"


@pytest.mark.parametrize(("note", "code"), [("a\x00b", "bad_text"), ("\ud83d", "bad_text"), ("x" * 4001, "too_long")])
def test_a_note_that_cannot_be_stored_whole_is_refused(writer, supervisor, note, code):
    with pytest.raises(BadText) as refused:
        review(supervisor, writer, note=note)
    assert refused.value.code == code
    assert not Review.objects.exists()


def test_an_erased_conversation_takes_no_note_in_clear_text(writer, supervisor):
    Conversation.objects.filter(pk=writer.conversation_id).update(message_key=None)
    with pytest.raises(Unreadable):
        review(supervisor, writer)
    assert not Review.objects.exists()
