"""What a clinic's bot may say: two clinicians approve an exact edition, one puts it to use, retires, rolls back."""

import logging

import pytest
from django.db import IntegrityError, transaction

from accounts.access import NotPermitted
from accounts.permissions import Role
from audit.models import Entry
from tests.people import make_member
from tests.stories import a_client_starts
from tests.triage.release_stories import (
    MENU_LINE,
    OWN_MENU_LINE,
    edition,
    on_disk,
    own_folder,
    put_to_use,
    rewrite,
)
from tests.triage.setup_stories import at_once, clinics_trail
from triage import releases, serving
from triage.bot.catalogue import SAFETY_ITEMS
from triage.models import ContentApproval, ContentRelease, ReleaseState

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


def said(clinic, key="grounding", **more):
    """The item that new talk in the clinic gets."""
    serving.forget()
    return serving.catalogue_for(clinic.pk).find(key, **more)


def state(release):
    return ContentRelease.objects.get(pk=release.pk).state


# -- Approving


def test_a_clinic_without_a_decision_is_served_by_the_sample_approvals(clinic):
    assert said(clinic) == on_disk("grounding")
    assert ContentRelease.objects.count() == 0


def test_two_clinicians_approve_and_one_of_them_puts_to_use(clinic, clinician, second_clinician, clock):
    item = on_disk("grounding")
    release = releases.approve(clinician, *edition(item), at=clock.now)
    releases.approve(second_clinician, *edition(item), at=clock.now)
    assert state(release) == ReleaseState.PROPOSED, "the second approval alone changes nothing"
    releases.activate(clinician, *edition(item), at=clock.now)
    assert state(release) == ReleaseState.ACTIVE
    assert clinics_trail(clinic) == ["content.approved", "content.approved", "content.activated"]
    entry = Entry.objects.get(action="content.activated")
    assert item.digest in entry.detail
    assert str(second_clinician.pk) in entry.detail


def test_the_same_clinician_twice_counts_once(clinic, clinician, clock):
    item = on_disk("grounding")
    for _ in range(2):
        releases.approve(clinician, *edition(item), at=clock.now)
    assert ContentApproval.objects.count() == 1
    assert clinics_trail(clinic) == ["content.approved"]
    with pytest.raises(releases.NotEnoughApprovals, match="1 of 2 clinicians have approved"):
        releases.activate(clinician, *edition(item), at=clock.now)


def test_bot_3_an_approval_for_another_digest_is_refused(clinician, clock):
    item = on_disk("grounding")
    with pytest.raises(releases.DigestDiffers, match=item.digest[:12]):
        releases.approve(clinician, item.key, item.locale, item.version, "0" * 64, at=clock.now)
    assert ContentRelease.objects.count() == 0


def test_what_was_altered_on_disk_after_the_page_was_read_is_not_approved_unseen(folder, clinician, clock):
    read = on_disk("menu")
    rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE)
    with pytest.raises(releases.DigestDiffers):
        releases.approve(clinician, *edition(read), at=clock.now)


def test_content_that_is_broken_on_disk_is_not_approved(folder, clinician, clock):
    item = on_disk("menu")
    (folder / "en" / "menu.toml").write_text("key = ", encoding="utf-8")
    with pytest.raises(releases.DigestDiffers, match="cannot be read: is not TOML"):
        releases.approve(clinician, *edition(item), at=clock.now)


@pytest.mark.parametrize("version", [99, 0])
def test_a_version_that_is_not_there_is_unknown(clinician, clock, version):
    with pytest.raises(releases.UnknownItem):
        releases.approve(clinician, "grounding", "en", version, "0" * 64, at=clock.now)


def test_the_lint_refuses_at_approval_and_says_what_it_found(folder, clinician, clock):
    item = rewrite(folder, "menu", MENU_LINE, "I am a doctor and I promise you will be fine. What now?")
    with pytest.raises(releases.LintRefuses) as refused:
        releases.approve(clinician, *edition(item), at=clock.now)
    assert refused.value.hits
    assert any("menu.what_now" in hit.key for hit in refused.value.hits)
    assert ContentRelease.objects.count() == 0


def test_content_past_its_date_is_neither_approved_nor_put_to_use(clinician, second_clinician, clock):
    item = on_disk("grounding")
    for one in (clinician, second_clinician):
        releases.approve(one, *edition(item), at=clock.now)
    clock.forward(days=800)
    with pytest.raises(releases.Expired):
        releases.activate(clinician, *edition(item), at=clock.now)
    with pytest.raises(releases.Expired):
        releases.approve(clinician, *edition(item), at=clock.now)


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_only_clinicians_decide(clinic, clock, role):
    member, item = make_member(clinic, role, "Somebody"), on_disk("grounding")
    for act in (
        lambda: releases.approve(member, *edition(item), at=clock.now),
        lambda: releases.activate(member, *edition(item), at=clock.now),
        lambda: releases.retire(member, *GROUNDING, reason="why", at=clock.now),
        lambda: releases.roll_back(member, *GROUNDING, at=clock.now),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert ContentRelease.objects.count() == 0


def test_a_token_of_a_clinician_is_no_second_pair_of_eyes(clinician, clock):
    clinician.via_token = "a token"
    with pytest.raises(NotPermitted):
        releases.approve(clinician, *edition(on_disk("grounding")), at=clock.now)


@pytest.mark.parametrize("change", [{"role": Role.SUPERVISOR}, {"is_active": False}])
def test_an_approval_does_not_count_once_its_clinician_is_none_any_more(clinician, second_clinician, clock, change):
    item = on_disk("grounding")
    for one in (clinician, second_clinician):
        releases.approve(one, *edition(item), at=clock.now)
    type(second_clinician).objects.filter(pk=second_clinician.pk).update(**change)
    with pytest.raises(releases.NotEnoughApprovals):
        releases.activate(clinician, *edition(item), at=clock.now)


def test_another_clinics_approvals_and_decisions_do_not_count_here(
    other_clinic, clinic, clinician, second_clinician, clock
):
    item = on_disk("grounding")
    put_to_use(item, clock, clinician, second_clinician)
    releases.retire(clinician, *GROUNDING, reason="not for our clients", at=clock.now)
    stranger = make_member(other_clinic, Role.CLINICIAN, "Stranger")
    assert said(other_clinic) == item
    with pytest.raises(releases.UnknownItem):
        releases.activate(stranger, *edition(item), at=clock.now)
    assert releases.releases_of(stranger) == []


# -- What is said


def test_an_item_with_a_decision_goes_by_it_and_the_others_by_the_samples(
    folder, clinic, clinician, second_clinician, clock
):
    put_to_use(on_disk("menu"), clock, clinician, second_clinician)
    first = on_disk("menu")
    newer = rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE, version=9)
    assert said(clinic, "menu").digest == first.digest, "a newer version on disk is not said unasked"
    put_to_use(newer, clock, clinician, second_clinician)
    assert said(clinic, "menu").digest == newer.digest
    assert said(clinic, "grounding") == on_disk("grounding")


def test_what_two_clinicians_approved_is_said_even_when_the_file_is_altered_or_gone(
    folder, clinic, clinician, second_clinician, clock
):
    approved = on_disk("menu")
    put_to_use(approved, clock, clinician, second_clinician)
    rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE)
    serving.library_of.cache_clear()  # another process, started after the alteration
    assert said(clinic, "menu").digest == approved.digest
    assert MENU_LINE in " ".join(said(clinic, "menu").nodes["what_now"].texts)


def test_bot_5_a_stored_edition_that_was_altered_in_the_database_is_not_said(
    clinic, clinician, second_clinician, clock, caplog
):
    release = put_to_use(on_disk("grounding"), clock, clinician, second_clinician)
    ContentRelease.objects.filter(pk=release.pk).update(source=release.source.replace("Grounding", "Grinding"))
    serving.stored_item.cache_clear()
    with caplog.at_level(logging.ERROR, logger="triage.serving"):
        assert said(clinic) is None
    assert "of no use" in caplog.text


def test_a_safety_item_whose_stored_edition_is_of_no_use_is_said_as_shipped(clinic, clinician, second_clinician, clock):
    release = put_to_use(on_disk("holding"), clock, clinician, second_clinician)
    ContentRelease.objects.filter(pk=release.pk).update(source="{")
    serving.stored_item.cache_clear()
    assert said(clinic, "holding") == on_disk("holding"), "silence towards somebody in danger would be worse"


def test_an_expired_edition_is_gone_and_no_older_one_steps_in(folder, clinic, clinician, second_clinician, clock):
    put_to_use(on_disk("grounding"), clock, clinician, second_clinician)
    newer = rewrite(folder, "grounding", "version = 1", "version = 1", version=2)
    put_to_use(newer, clock, clinician, second_clinician)
    late = newer.expires.replace(year=newer.expires.year + 1)
    assert serving.catalogue_for(clinic.pk, at=late).find("grounding") is None


def test_a_conversation_under_way_keeps_its_version_while_that_is_approved(
    folder, clinic, clinician, second_clinician, clock
):
    put_to_use(on_disk("grounding"), clock, clinician, second_clinician)
    newer = rewrite(folder, "grounding", "version = 1", "version = 1", version=2)
    put_to_use(newer, clock, clinician, second_clinician)
    assert said(clinic).version == 2
    assert said(clinic, version=1).version == 1
    releases.retire(clinician, *GROUNDING, reason="the old one confuses", version=1, at=clock.now)
    assert said(clinic, version=1) is None
    assert said(clinic).version == 2


def test_a_client_in_the_middle_of_what_is_retired_is_told_and_gets_the_menu(clinic, clinician, clock):
    writer = a_client_starts(clinic, clock)
    writer.writes("grounding please")
    assert writer.conversation.bot_position["flow"] == "grounding"
    releases.retire(clinician, *GROUNDING, reason="under review", at=clock.now)
    writer.writes("yes")
    assert writer.conversation.bot_position["flow"] == "menu"
    assert writer.conversation.state == "with_bot"
    writer.writes("grounding please")
    assert writer.conversation.bot_position["flow"] == "menu", "retired is never said"


# -- Retiring and rolling back


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_retiring_needs_a_reason(clinician, clock, reason):
    with pytest.raises(releases.ReasonNeeded):
        releases.retire(clinician, *GROUNDING, reason=reason, at=clock.now)


def test_a_sample_is_retired_with_a_reason_that_stays_readable(clinic, clinician, clock):
    releases.retire(clinician, *GROUNDING, reason="not for our clients", at=clock.now)
    [release] = ContentRelease.objects.all()
    assert (release.state, release.reason, release.ended_by) == ("retired", "not for our clients", clinician)
    assert said(clinic) is None
    assert clinics_trail(clinic) == ["content.retired"]
    assert "not for our clients" not in Entry.objects.get(action="content.retired").detail


def test_what_is_retired_already_cannot_be_retired_again(clinician, clock):
    releases.retire(clinician, *GROUNDING, reason="why", at=clock.now)
    with pytest.raises(releases.UnknownItem, match="is not said"):
        releases.retire(clinician, *GROUNDING, reason="why", at=clock.now)


def test_it_takes_two_new_approvals_to_bring_back_what_was_retired(clinic, clinician, second_clinician, clock):
    item = on_disk("grounding")
    put_to_use(item, clock, clinician, second_clinician)
    releases.retire(clinician, *GROUNDING, reason="why", at=clock.now)
    with pytest.raises(releases.UnknownItem):
        releases.activate(clinician, *edition(item), at=clock.now)
    put_to_use(item, clock, clinician, second_clinician)
    assert said(clinic).digest == item.digest


@pytest.mark.parametrize("key", sorted(SAFETY_ITEMS))
def test_the_safety_path_cannot_be_retired(clinic, clinician, clock, key):
    with pytest.raises(releases.SafetyPath):
        releases.retire(clinician, key, "en", reason="why", at=clock.now)
    assert said(clinic, key) == on_disk(key)


def test_of_the_safety_path_a_replaced_version_can_be_retired(folder, clinic, clinician, second_clinician, clock):
    first = put_to_use(on_disk("menu"), clock, clinician, second_clinician)
    put_to_use(rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE, version=9), clock, clinician, second_clinician)
    releases.retire(clinician, "menu", "en", reason="worded badly", version=first.version, at=clock.now)
    assert state(first) == ReleaseState.RETIRED
    assert said(clinic, "menu").version == 9


def test_a_roll_back_brings_what_was_in_use_before(folder, clinic, clinician, second_clinician, clock):
    first = put_to_use(on_disk("menu"), clock, clinician, second_clinician)
    newer = rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE, version=9)
    failed = put_to_use(newer, clock, clinician, second_clinician)
    assert releases.roll_back(second_clinician, "menu", "en", at=clock.now) == first
    assert said(clinic, "menu").version == first.version
    assert said(clinic, "menu", version=9) is None, "what was rolled back is not said any more, not even half-way"
    assert (state(first), state(failed)) == (ReleaseState.ACTIVE, ReleaseState.ROLLED_BACK)
    assert clinics_trail(clinic)[-1] == "content.rolled_back"


def test_a_roll_back_of_the_first_decision_brings_the_samples_back(folder, clinic, clinician, second_clinician, clock):
    put_to_use(rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE, version=9), clock, clinician, second_clinician)
    assert releases.roll_back(clinician, "menu", "en", at=clock.now) is None
    assert said(clinic, "menu") == on_disk("menu", version=2)


def test_a_roll_back_after_a_retirement_says_nothing_again(clinic, clinician, second_clinician, clock):
    releases.retire(clinician, *GROUNDING, reason="why", at=clock.now)
    put_to_use(on_disk("grounding"), clock, clinician, second_clinician)
    releases.roll_back(clinician, *GROUNDING, at=clock.now)
    assert said(clinic) is None


def test_a_roll_back_never_leaves_the_safety_path_without_words(folder, clinic, clinician, second_clinician, clock):
    own = rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE)  # what the samples approve is gone from the disk
    put_to_use(own, clock, clinician, second_clinician)
    with pytest.raises(releases.NothingToRollBack):
        releases.roll_back(clinician, "menu", "en", at=clock.now)
    assert said(clinic, "menu").digest == own.digest


def test_without_a_decision_there_is_nothing_to_roll_back(clinician, clock):
    with pytest.raises(releases.NothingToRollBack):
        releases.roll_back(clinician, *GROUNDING, at=clock.now)


def test_what_is_in_use_is_not_approved_or_put_to_use_again(clinician, second_clinician, clock):
    item = on_disk("grounding")
    put_to_use(item, clock, clinician, second_clinician)
    for act in (releases.approve, releases.activate):
        with pytest.raises(releases.WrongState, match="in use already"):
            act(clinician, *edition(item), at=clock.now)


def test_of_two_activations_at_once_one_wins_and_one_edition_is_in_use(
    folder, clinic, clinician, second_clinician, clock
):
    first, newer = on_disk("menu"), rewrite(folder, "menu", MENU_LINE, OWN_MENU_LINE, version=9)
    for item in (first, newer):
        for one in (clinician, second_clinician):
            releases.approve(one, *edition(item), at=clock.now)
    at_once(
        lambda: releases.activate(clinician, *edition(first), at=clock.now),
        lambda: releases.activate(second_clinician, *edition(newer), at=clock.now),
    )
    assert ContentRelease.objects.filter(state=ReleaseState.ACTIVE).count() == 1


def test_the_database_holds_one_edition_in_use_an_item(clinician, second_clinician, clock):
    release = put_to_use(on_disk("grounding"), clock, clinician, second_clinician)
    release.pk, release.digest, release._state.adding = None, "0" * 64, True
    with pytest.raises(IntegrityError), transaction.atomic():
        release.save(force_insert=True)
