"""What the pages of the bot's content show: items with their editions, what is said, and what changed in words."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.urls import reverse

from accounts.models import Membership
from accounts.permissions import Action, Role, may
from triage import releases, serving
from triage.bot.approvals import NEEDED
from triage.bot.catalogue import SAFETY_ITEMS, Catalogue, SafetyPathMissing
from triage.bot.content import ContentError, Item, Node
from triage.bot.lint import lint_item
from triage.models import ContentApproval, ContentRelease, ReleaseState

SOON = timedelta(days=30)
STATES = {
    "sample": "Sample approval",
    "in_use": "Approved by this clinic",
    "file": "Approved by file",
    "retired": "Retired",
    "unapproved": "Not approved",
    "expired": "Expired",
    "waiting": "Waits for a decision",
}
_WORDS = re.compile(r"\s+|[\w'’]+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Approval:
    """One clinician's approval; `counts` is False for somebody who is no clinician here any more."""

    name: str
    at: datetime
    counts: bool


@dataclass(frozen=True, slots=True)
class Edition:
    """An item's version with its exact digest: on disk, stored in the clinic, or both."""

    item: Item
    on_disk: bool
    is_said: bool
    is_sample: bool
    release: ContentRelease | None
    approvals: tuple[Approval, ...] = ()

    @property
    def counting(self) -> int:
        """How many approvals count now."""
        return sum(one.counts for one in self.approvals)

    @property
    def standing(self) -> str:
        """Where the edition stands, in words."""
        if self.is_said and not self.is_active:
            return "Sample approval" if self.is_sample else "Approved by file"
        return str(self.release.get_state_display()) if self.release is not None else "Not approved"

    @property
    def is_active(self) -> bool:
        """Whether the clinic itself has put it to use."""
        return self.release is not None and self.release.state == ReleaseState.ACTIVE


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a locale with its editions, what new talk gets first."""

    locale: str
    key: str
    state: str
    waiting: bool
    editions: tuple[Edition, ...]
    ended: tuple[ContentRelease, ...] = ()

    @property
    def shown(self) -> Edition:
        """The edition that is said, or the newest one on disk."""
        return next((one for one in self.editions if one.is_said), self.editions[0])

    @property
    def item(self) -> Item:
        """The content of the shown edition."""
        return self.shown.item

    @property
    def label(self) -> str:
        """The state in words."""
        return STATES[self.state]

    @property
    def newest(self) -> Edition:
        """What to compare with the shown edition: what lies on disk, or what waits; itself where none differs."""
        others = [one for one in self.editions if one is not self.shown]
        proposed = [one for one in others if one.release and one.release.state == ReleaseState.PROPOSED]
        found = [one for one in others if one.on_disk and not one.release] or proposed
        return max(found, key=lambda one: one.item.version, default=self.shown)

    @property
    def is_safety(self) -> bool:
        """Whether the item must always be said."""
        return self.key in SAFETY_ITEMS

    def edition(self, digest: str) -> Edition | None:
        """The edition with this digest."""
        return next((one for one in self.editions if one.item.digest == digest), None)

    def states(self) -> set[str]:
        """What the list can be narrowed to."""
        return {self.state, "waiting"} if self.waiting else {self.state}


@dataclass(slots=True)
class Board:
    """Everything that a member's clinic says or might say, as of `at`. Raises ContentError while it is made."""

    member: Membership
    at: datetime
    _stored: list[ContentRelease] = field(init=False)

    def __post_init__(self) -> None:
        self._stored = releases.releases_of(self.member)

    def rows(self) -> list[Row]:
        """Every item, by locale and key."""
        library = releases.library_on_disk()
        names = {(one.locale, one.key) for one in library.items} | {(one.locale, one.key) for one in self._stored}
        catalogue = self._catalogue()
        rows = []
        for locale, key in sorted(names):
            said = catalogue.find(key, locale)
            editions = self._editions(locale, key, said if said is not None and said.locale == locale else None)
            if editions:
                rows.append(self._row(locale, key, editions))
        return rows

    def _catalogue(self) -> Catalogue:
        """What is said; where the safety path is not whole, the pages are what it takes to mend it."""
        clinic_id, day = self.member.clinic_id, self.at.date()
        try:
            return serving.catalogue_for(clinic_id, at=day)
        except SafetyPathMissing:
            return serving.library_of(serving.content_folder()).on(day, serving.own_decisions(clinic_id))

    def row(self, locale: str, key: str) -> Row | None:
        """One item."""
        return next((one for one in self.rows() if (one.locale, one.key) == (locale, key)), None)

    def _editions(self, locale: str, key: str, said: Item | None) -> tuple[Edition, ...]:
        library = releases.library_on_disk()
        disk = {one.digest: one for one in library.items if (one.locale, one.key) == (locale, key)}
        live: dict[str, ContentRelease] = {}
        for one in self._stored:
            if (one.locale, one.key) == (locale, key) and one.state not in _ENDED:
                live[one.digest] = one
        stored = {digest: item for digest, one in live.items() if (item := _stored_item(one)) is not None}
        found = []
        for digest, item in {**stored, **disk}.items():
            is_said = said is not None and said.digest == digest
            release = live.get(digest)
            active = release is not None and release.state == ReleaseState.ACTIVE
            sample = (locale, key, item.version) in library.samples and digest in disk and not active
            approvals = tuple(_approvals(release)) if release else ()
            found.append(Edition(item, digest in disk, is_said, sample and is_said, release, approvals))
        return tuple(sorted(found, key=lambda one: (not one.is_said, not one.on_disk, -one.item.version)))

    def _row(self, locale: str, key: str, editions: tuple[Edition, ...]) -> Row:
        ended = tuple(one for one in self._stored if (one.locale, one.key) == (locale, key) and one.state in _ENDED)
        said = next((one for one in editions if one.is_said), None)
        newest = max((one for one in editions if one.on_disk), key=lambda one: one.item.version, default=None)
        proposed = any(one.release is not None and one.release.state == ReleaseState.PROPOSED for one in editions)
        changed = said is not None and newest is not None and newest.item.digest != said.item.digest
        return Row(locale, key, self._state(editions, said, ended), proposed or changed, editions, ended)

    def _state(self, editions: tuple[Edition, ...], said: Edition | None, ended: tuple[ContentRelease, ...]) -> str:
        if said is not None:
            if self.at.date() > said.item.expires:
                return "expired"
            return "in_use" if said.is_active else "sample" if said.is_sample else "file"
        if any(one.state == ReleaseState.RETIRED and one.stops_item for one in ended):
            return "retired"
        in_use = any(one.is_active for one in editions)
        was = in_use or any(not releases.library_on_disk().reasons.get(_name(one.item), "x") for one in editions)
        return "expired" if was else "unapproved"


_ENDED = (ReleaseState.RETIRED, ReleaseState.ROLLED_BACK)


def _name(item: Item) -> tuple[str, str, int]:
    return item.locale, item.key, item.version


def _stored_item(release: ContentRelease) -> Item | None:
    try:
        return releases.stored(release)
    except ContentError:
        return None


def _approvals(release: ContentRelease) -> Iterator[Approval]:
    rows: Iterable[ContentApproval] = release.approvals.all()
    for one in sorted(rows, key=lambda each: each.at):
        member = one.member
        counts = member.role == Role.CLINICIAN and member.is_active and member.user.is_active
        yield Approval(member.user.name, one.at, counts and member.clinic_id == release.clinic_id)


# -- What may be done


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with an edition or item, or `hindrance` says why not now."""

    name: str
    label: str
    url: str
    hindrance: str = ""
    look: str = ""


def acts_of(row: Row, edition: Edition, member: Membership, *, at: datetime) -> list[Act]:
    """What a clinician can do from the page of an edition; nothing for those who only look."""
    if not may(member.role, Action.MANAGE_CONTENT):
        return []
    place, exact = (row.locale, row.key), (row.locale, row.key, edition.item.digest)
    active = next((one for one in row.editions if one.is_active), None)
    acts = []
    if edition is not active:
        mine = edition.release is not None and any(
            one.member_id == member.pk for one in edition.release.approvals.all()
        )
        acts += [
            Act(
                "approve",
                "Approve…",
                reverse("counselling:content_approve", args=exact),
                _why_no_approval(edition, at=at, mine=mine),
                "primary",
            ),
            Act("activate", "Put to use…", reverse("counselling:content_activate", args=exact), _why_no_use(edition)),
        ]
    if active is not None:
        acts.append(Act("roll_back", "Roll back…", reverse("counselling:content_roll_back", args=place)))
    if any(one.is_said for one in row.editions):
        why = "It belongs to the safety path: it can be replaced, and never be left out." if row.is_safety else ""
        acts.append(Act("retire", "Retire…", reverse("counselling:content_retire", args=place), why, "danger"))
    return acts


def _why_no_approval(edition: Edition, *, at: datetime, mine: bool) -> str:
    if mine:
        return "You have approved this edition."
    if not edition.on_disk:
        return "This edition is not on disk any more, so nobody new can approve it."
    if at.date() > edition.item.expires:
        return "It is past its date and has to be reviewed anew."
    return "The lint refuses it, see below." if lint_item(edition.item) else ""


def _why_no_use(edition: Edition) -> str:
    if edition.counting >= NEEDED:
        return ""
    return f"{edition.counting} of {NEEDED} clinicians have approved."


# -- What changed


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: kept ("same"), "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One text or field that differs."""

    name: str
    pieces: tuple[Piece, ...]


def entries(item: Item) -> dict[str, str]:
    """Everything that an approval covers, in words: the header, each text, and where each step leads."""
    header = ("title", "kind", "version", "purpose", "not_when", "minutes", "evidence_grade", "evidence_source")
    found = {name: str(getattr(item, name)) for name in (*header, "author", "reviewed", "expires", "safety", "start")}
    found["instrument"] = item.instrument
    seen: dict[str, int] = {}
    for key, text in item.sentences_shown():
        seen[key] = seen.get(key, 0) + 1
        found[key if seen[key] == 1 else f"{key} ({seen[key]})"] = text
    return found | {f"{item.key}.{node.key} leads": ways_of(node) for node in item.nodes.values()}


def ways_of(node: Node) -> str:
    """What a step is and where it leads, in words."""
    ways = [node.kind]
    ways += [f"{choice.key} to {choice.next or choice.wish}" for choice in node.choices]
    ways += [f"{node.on} at least {case.at_least} to {case.next}" for case in node.cases]
    for word, value in (("then", node.next), ("skipped", node.skip), ("flow", node.flow), ("card", node.card)):
        ways += [f"{word} {value}"] if value else []
    if node.kind == "rate":
        ways.append(f"from {node.low} to {node.high}")
    return "; ".join([*ways, *([f"exercise {node.exercise}"] if node.exercise else [])])


def changes(before: Item, after: Item) -> list[Change]:
    """What differs between two editions, word by word, in the order of the later one."""
    old, new = entries(before), entries(after)
    names = [*new, *(name for name in old if name not in new)]
    differ = [name for name in names if old.get(name, "") != new.get(name, "")]
    return [Change(name, tuple(_pieces(old.get(name, ""), new.get(name, "")))) for name in differ]


def _pieces(before: str, after: str) -> Iterator[Piece]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(old[a:b]))
            continue
        if a < b:
            yield Piece("removed", "".join(old[a:b]))
        if c < d:
            yield Piece("added", "".join(new[c:d]))
