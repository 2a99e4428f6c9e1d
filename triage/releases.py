"""What a clinic's bot may say: two clinicians approve an exact edition, one puts it to use, retires it, rolls it back.

Every change waits for the clinic's row. An edition is an item's version with its exact digest; its source is stored
with the first approval, and that is what clients get from then on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.access import NotPermitted, require
from accounts.models import Clinic, Membership
from accounts.permissions import Action, Role
from accounts.trail import agent_of
from audit.trail import Event, clinic_stream, record
from triage import serving
from triage.bot.approvals import NEEDED
from triage.bot.catalogue import FALLBACK, SAFETY_ITEMS, Library, check_circles, read_library
from triage.bot.content import ContentError, Item
from triage.bot.lint import Hit, lint_item
from triage.bot.loading import read_item, source_of
from triage.content_models import LIVE
from triage.models import ContentApproval, ContentRelease, ReleaseState
from triage.switching import locked_clinic

LONGEST_REASON = 300


class UnknownItem(LookupError):
    """There is no such item, version or edition, neither on disk nor in the clinic."""


class DigestDiffers(ValueError):
    """What is to be approved is not what lies on disk; the message gives both digests."""


class LintRefuses(ValueError):
    """The lint has found what may not be said; `hits` lists it."""

    def __init__(self, hits: list[Hit]) -> None:
        super().__init__("; ".join(f"{hit.key}: {hit.rule}: {hit.found}" for hit in hits))
        self.hits = hits


class Expired(ValueError):
    """The content is past its date; it has to be reviewed and dated anew."""


class NotEnoughApprovals(ValueError):
    """Fewer than two different clinicians who work here have approved; the message says how many have."""


class WrongState(ValueError):
    """The edition is not in a state in which this can be done; the message names the state."""


class ReasonNeeded(ValueError):
    """Retiring needs a reason of at most 300 characters."""


class SafetyPath(ValueError):
    """The item belongs to the safety path, and nothing else is in use that could be said in its place."""


class NothingToRollBack(LookupError):
    """Nothing was in use before that could be said again."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What a verb is about: an item in a locale and version, by the exact digest."""

    key: str
    locale: str
    version: int
    digest: str


def library_on_disk() -> Library:
    """The content as it lies on disk now, whatever a running process has read before; raises ContentError."""
    folder = serving.content_folder()
    stamps = tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in sorted(folder.rglob("*.toml")))
    if _read.get("stamps") != stamps:
        _read["library"], _read["stamps"] = read_library(folder), stamps
    library: Library = _read["library"]
    return library


_read: dict[str, Any] = {}


def approve(member: Membership, key: str, locale: str, version: int, digest: str, *, at: datetime) -> ContentRelease:
    """Note that a clinician stands for exactly this edition. A second approval by the same changes nothing.

    Puts nothing to use. Raises UnknownItem, DigestDiffers, LintRefuses, Expired, WrongState and
    accounts.access.NotPermitted.
    """
    _require_in_person(member)
    item, source = _on_disk(key, locale, version)
    if item.digest != digest:
        raise DigestDiffers(f"approved would be {digest[:12]}, on disk lies {item.digest[:12]}")
    _check_sayable(item, at=at)
    wanted = {"locale": locale, "key": key, "version": version, "digest": digest}
    with _changing(member) as clinic:
        rows = ContentRelease.objects.filter(clinic=clinic, state__in=LIVE, **wanted)
        release = rows.first()
        if release is None:
            release = ContentRelease.objects.create(clinic=clinic, **wanted, source=source, opened_at=at)
        elif release.state == ReleaseState.ACTIVE:
            raise WrongState("this edition is in use already")
        _, is_new = ContentApproval.objects.get_or_create(release=release, member=member, defaults={"at": at})
        if is_new:
            _record(release, member, "content.approved", at=at)
    return release


def activate(member: Membership, key: str, locale: str, version: int, digest: str, *, at: datetime) -> ContentRelease:
    """Put an approved edition to use: in every running process within seconds, for new talk.

    A conversation under way keeps the version it is in. Raises UnknownItem, NotEnoughApprovals, LintRefuses, Expired,
    WrongState and accounts.access.NotPermitted.
    """
    wanted = Edition(key, locale, version, digest)
    with _changing(member) as clinic:
        release = _live(clinic, wanted)
        if release.state == ReleaseState.ACTIVE:
            raise WrongState("this edition is in use already")
        approvers = [str(one) for one in valid_approvals(release).values_list("member_id", flat=True)]
        if len(approvers) < NEEDED:
            raise NotEnoughApprovals(f"{len(approvers)} of {NEEDED} clinicians have approved")
        item = _stored(release)
        _check_sayable(item, at=at)
        _check_together(clinic, item)
        before = active_release(clinic.pk, key, locale)
        if before is not None:
            _move(before, ReleaseState.REPLACED, replaced_at=at)
        _move(release, ReleaseState.ACTIVE, active_from=at, replaced_at=None)
        _record(release, member, "content.activated", at=at, approved_by=approvers, replaced=_id(before))
    return release


def retire(member: Membership, key: str, locale: str, *, reason: str, at: datetime, version: int | None = None) -> None:
    """Stop saying an item, whoever approved it, or with `version` only a version that was in use before.

    Nothing of what is retired is said again, also where a conversation is in the middle of it; it takes two new
    approvals to bring it back. Raises ReasonNeeded, SafetyPath, UnknownItem and accounts.access.NotPermitted.
    """
    _require_in_person(member)
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise ReasonNeeded
    with _changing(member) as clinic:
        now = active_release(clinic.pk, key, locale)
        older = _of_item(clinic.pk, key, locale).filter(state=ReleaseState.REPLACED)
        if version is not None and now is not None and now.version != version:
            stopped, whole = list(older.filter(version=version)), False
        else:
            stopped, whole = [now, *older] if now is not None else [], True
        if whole and key in SAFETY_ITEMS:
            raise SafetyPath(f"{key} belongs to the safety path and can only be replaced by another edition")
        if whole and now is None:
            stopped = [_release_of_sample(clinic, key, locale, version, at=at)]
        if not stopped:
            raise UnknownItem(f"{locale}/{key} version {version}")
        for release in stopped:
            _end(release, member, ReleaseState.RETIRED, at=at, reason=reason, stops_item=whole)
            _record(release, member, "content.retired", at=at, whole_item=whole)


def roll_back(member: Membership, key: str, locale: str, *, at: datetime) -> ContentRelease | None:
    """Put back at once what was in use before; None: what the shipped approvals name.

    One clinician is enough, and nothing is checked that could fail but that something is there to say. Raises
    NothingToRollBack and accounts.access.NotPermitted.
    """
    with _changing(member) as clinic:
        failed = active_release(clinic.pk, key, locale)
        if failed is None:
            raise NothingToRollBack(f"the clinic has put no edition of {locale}/{key} to use")
        before = previous(clinic.pk, key, locale)
        if before is None and not _may_go_back(clinic.pk, key, locale):
            raise NothingToRollBack(f"nothing of {locale}/{key} was in use before that can be said")
        _end(failed, member, ReleaseState.ROLLED_BACK, at=at)
        if before is not None:
            _move(before, ReleaseState.ACTIVE, active_from=at, replaced_at=None)
        to = {"to": _id(before), "to_version": before.version if before else 0}
        _record(failed, member, "content.rolled_back", at=at, **to)
    return before


def releases_of(member: Membership) -> list[ContentRelease]:
    """Every decision of the member's clinic, newest first. Raises accounts.access.NotPermitted."""
    require(member, Action.VIEW_CONTENT)
    rows = ContentRelease.objects.filter(clinic_id=member.clinic_id).defer("source").select_related("ended_by__user")
    return list(rows.prefetch_related("approvals__member__user").order_by("-opened_at", "-pk"))


def active_release(clinic_id: UUID, key: str, locale: str) -> ContentRelease | None:
    """What the clinic itself has put to use of an item."""
    return _of_item(clinic_id, key, locale).filter(state=ReleaseState.ACTIVE).first()


def previous(clinic_id: UUID, key: str, locale: str) -> ContentRelease | None:
    """What a roll-back would put to use; None is what the shipped approvals name, if they name any."""
    return _of_item(clinic_id, key, locale).filter(state=ReleaseState.REPLACED).order_by("-replaced_at").first()


def valid_approvals(release: ContentRelease) -> QuerySet[ContentApproval]:
    """The approvals that count now: of clinicians who still work in the clinic as such."""
    who = {"role": Role.CLINICIAN, "is_active": True, "user__is_active": True, "clinic_id": release.clinic_id}
    return release.approvals.filter(Q(**{f"member__{name}": value for name, value in who.items()})).order_by("at")


def stored(release: ContentRelease) -> Item:
    """The edition as it was stored with its first approval. Raises ContentError."""
    return serving.stored_item(release.pk, release.digest)


def _require_in_person(member: Membership) -> None:
    """A token is no second pair of eyes: what two clinicians answer for, they do themselves."""
    require(member, Action.MANAGE_CONTENT)
    if member.via_token is not None:
        raise NotPermitted(member, Action.MANAGE_CONTENT)


@contextmanager
def _changing(member: Membership) -> Iterator[Clinic]:
    _require_in_person(member)
    with transaction.atomic(durable=True):
        clinic = locked_clinic(member, Action.MANAGE_CONTENT)
        yield clinic
        transaction.on_commit(partial(serving.forget, clinic.pk))


def _on_disk(key: str, locale: str, version: int) -> tuple[Item, str]:
    """The item and its source, read anew; the running process may know an older file."""
    try:
        named = [item for item in library_on_disk().items if (item.key, item.locale) == (key, locale)]
        for item in named:
            if item.version == version:
                return read_item(item.file), source_of(item.file)
    except ContentError as error:
        raise DigestDiffers(f"the content on disk cannot be read: {error.reason}") from error
    raise UnknownItem(f"{locale}/{key} version {version}")


def _check_sayable(item: Item, *, at: datetime) -> None:
    if hits := lint_item(item):
        raise LintRefuses(hits)
    if at.date() > item.expires:
        raise Expired(f"expired on {item.expires}")


def _check_together(clinic: Clinic, item: Item) -> None:
    """With everything else that is said in the clinic, no flow may lead back to itself without a question."""
    own = dict(serving.own_decisions(clinic.pk))
    own[item.locale, item.key] = (item,)
    decided = [editions[0] for editions in own.values() if editions]
    shipped = [one for one in library_on_disk().items if (one.locale, one.key) not in own]
    try:
        check_circles([one for one in (*shipped, *decided) if one.locale == item.locale])
    except ContentError as error:
        raise WrongState(f"together with the other content it {error.reason}") from error


def _live(clinic: Clinic, wanted: Edition) -> ContentRelease:
    rows = _of_item(clinic.pk, wanted.key, wanted.locale).filter(state__in=LIVE)
    release = rows.filter(version=wanted.version, digest=wanted.digest).first()
    if release is None:
        raise UnknownItem(f"{wanted.locale}/{wanted.key} version {wanted.version}: nobody has approved this edition")
    return release


def _stored(release: ContentRelease) -> Item:
    try:
        return stored(release)
    except ContentError as error:
        raise WrongState(f"the stored edition cannot be used: {error.reason}") from error


def _of_item(clinic_id: UUID, key: str, locale: str) -> QuerySet[ContentRelease]:
    return ContentRelease.objects.filter(clinic_id=clinic_id, key=key, locale=locale)


def _release_of_sample(clinic: Clinic, key: str, locale: str, version: int | None, *, at: datetime) -> ContentRelease:
    """A row for what the shipped approvals name, so that it can be retired. Raises UnknownItem."""
    item = serving.catalogue_for(clinic.pk, at=at.date()).find(key, locale, version)
    if item is None or item.locale != locale or (locale, key) in serving.own_decisions(clinic.pk):
        raise UnknownItem(f"{locale}/{key} is not said in this clinic")
    wanted = {"locale": locale, "key": key, "version": item.version, "digest": item.digest}
    rows = ContentRelease.objects.filter(clinic=clinic, state__in=LIVE, **wanted)
    return rows.first() or ContentRelease(clinic=clinic, **wanted, source=source_of(item.file), opened_at=at)


def _may_go_back(clinic_id: UUID, key: str, locale: str) -> bool:
    """Whether the shipped approvals name something to say, or saying nothing is allowed here."""
    if key not in SAFETY_ITEMS:
        return True
    library = library_on_disk()
    own = serving.own_decisions(clinic_id)
    places = [(locale, key)] if locale == FALLBACK else [(locale, key), (FALLBACK, key)]
    return any(
        (place != (locale, key) and own.get(place))
        or any((one.locale, one.key) == place and not library.reasons[(*place, one.version)] for one in library.items)
        for place in places
    )


def _move(release: ContentRelease, state: ReleaseState, **times: datetime | None) -> None:
    release.state = state
    for name, value in times.items():
        setattr(release, name, value)
    release.save(update_fields=["state", *times])


def _end(release: ContentRelease, member: Membership, state: ReleaseState, *, at: datetime, **more: Any) -> None:
    release.state, release.ended_at, release.ended_by = state, at, member
    for name, value in more.items():
        setattr(release, name, value)
    release.save()


def _id(release: ContentRelease | None) -> str:
    return str(release.pk) if release else ""


def _record(release: ContentRelease, member: Membership, action: str, *, at: datetime, **detail: Any) -> None:
    names = {"key": release.key, "locale": release.locale, "version": release.version, "digest": release.digest}
    event = Event(action, agent_of(member), "content", str(release.pk), detail=names | detail)
    record(clinic_stream(release.clinic_id), event, at=at)
