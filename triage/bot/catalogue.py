"""The catalogue: which approved, unaltered, unexpired content may be said on a day, and why the rest may not."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

from triage.bot.approvals import read_approvals, why_not_approved
from triage.bot.content import ContentError, Item, Node
from triage.bot.intents import IntentTable, read_intents
from triage.bot.loading import read_item

CONTENT = Path(__file__).resolve().parent.parent / "content"
APPROVALS = "approvals.toml"
FALLBACK = "en"
# Without these the bot cannot meet somebody in danger honestly, so a service does not start without them.
SAFETY_ITEMS = frozenset(
    (
        "welcome",
        "menu",
        "holding",
        "controls",
        "urgent",
        "danger",
        "gentle_check",
        "are_you_real",
        "offer_person",
        "hand_back",
        "system",
        "closing",
        "logistics",
    )
)


class NotServable(LookupError):
    """The catalogue has no approved, unexpired item of that name."""


class SafetyPathMissing(Exception):
    """An item of the safety path is absent, unapproved or altered: the bot must not run without it."""


@dataclass(frozen=True, slots=True)
class Text:
    """One approved text: key, the item's version, sha256 of the text itself (BOT-5), and the text."""

    key: str
    version: int
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One item that is not as it should be. `served` says whether clients still get it (safety path only)."""

    file: Path
    key: str
    version: int
    reason: str
    served: bool = False

    def __str__(self) -> str:
        return f"{self.file.name}: {self.key} version {self.version} {self.reason}"


def text_digest(text: str) -> str:
    """sha256 of the exact text, as stored with each bot message (BOT-5)."""
    return hashlib.sha256(text.encode()).hexdigest()


class Catalogue:
    """The servable content of one day. Several versions of an item may stand side by side.

    A new conversation gets the highest version, or the one that `in_use` names. One under way keeps the version it
    began with for as long as that version is approved and unexpired; when it is not, the engine says so and goes back
    to the menu.
    """

    def __init__(
        self,
        items: Iterable[Item],
        intents: Mapping[str, IntentTable],
        problems: tuple[Problem, ...] = (),
        *,
        in_use: Mapping[tuple[str, str], int] | None = None,
    ):
        self._in_use = in_use or {}
        self._versions: dict[tuple[str, str], dict[int, Item]] = {}
        for item in sorted(items, key=lambda item: item.version):
            self._versions.setdefault((item.locale, item.key), {})[item.version] = item
        self._intents = intents
        self.problems = problems
        self._digests = {
            locale: frozenset(
                text_digest(text)
                for (of, _), versions in self._versions.items()
                if of == locale
                for item in versions.values()
                for _, text in item.sentences_shown()
            )
            for locale in {locale for locale, _ in self._versions}
        }
        self._texts: dict[tuple[str, str, int], Text] = {}

    def find(self, key: str, locale: str = FALLBACK, version: int | None = None) -> Item | None:
        """The item, in English where the locale lacks it; without `version` what new talk gets. None: not servable."""
        name = (locale, key) if (locale, key) in self._versions else (FALLBACK, key)
        versions = self._versions.get(name)
        if not versions:
            return None
        newest = self._in_use.get(name, next(reversed(versions)))
        return versions.get(newest if version is None else version)

    def flow(self, name: str, locale: str = FALLBACK, version: int | None = None) -> Item:
        """The flow of that name; raises NotServable."""
        item = self.find(name, locale, version)
        if item is None or not item.is_flow:
            raise NotServable(name)
        return item

    def text(self, key: str, locale: str = FALLBACK, variant: int = 0) -> Text:
        """The text `item.name` (for a flow `flow.node`) in one of its variants, which go round; raises NotServable."""
        item_key, _, name = key.partition(".")
        item = self.find(item_key, locale)
        if item is None:
            raise NotServable(key)
        variants = item.nodes[name].texts if name in item.nodes else item.texts.get(name, ())
        if not variants:
            raise NotServable(key)
        return self.wording(item, name, variants, variant)

    def wording(self, item: Item, name: str, variants: tuple[str, ...], variant: int) -> Text:
        """Variant number `variant` of a text; the key of a text with several variants ends in its number."""
        number = variant % len(variants)
        key = f"{item.key}.{name}" if len(variants) == 1 else f"{item.key}.{name}.{number + 1}"
        cached = self._texts.get((item.locale, key, item.version))
        if cached is None:
            text = variants[number]
            cached = Text(key, item.version, text_digest(text), text)
            self._texts[item.locale, key, item.version] = cached
        return cached

    def label(self, key: str, locale: str = FALLBACK) -> str:
        """The label `item.name`; raises NotServable."""
        item_key, _, name = key.partition(".")
        item = self.find(item_key, locale)
        if item is None or name not in item.labels:
            raise NotServable(key)
        return item.labels[name]

    def items(self, locale: str = FALLBACK) -> list[Item]:
        """Every servable item of a locale, all versions, by key."""
        found = [item for (of, _), versions in self._versions.items() if of == locale for item in versions.values()]
        return sorted(found, key=lambda item: (item.key, item.version))

    def instruments(self) -> frozenset[str]:
        """The keys of the instruments that some screening asks."""
        return frozenset(item.instrument for item in self._all() if item.instrument)

    def without_instruments(self, closed: frozenset[str]) -> "Catalogue":
        """The same content without the screenings of some instruments: choices that lead there are not offered."""
        kept = [item for item in self._all() if item.instrument not in closed]
        return Catalogue(kept, self._intents, self.problems, in_use=self._in_use)

    def _all(self) -> list[Item]:
        return [item for versions in self._versions.values() for item in versions.values()]

    def intents(self, locale: str = FALLBACK) -> IntentTable:
        """How messages of a locale are understood."""
        return self._intents.get(locale) or self._intents[FALLBACK]

    def approved_digests(self, locale: str = FALLBACK) -> frozenset[str]:
        """sha256 of every text and label that may be sent in a locale; the English ones count as its fallback."""
        return self._digests.get(locale, frozenset()) | self._digests.get(FALLBACK, frozenset())

    def missing_safety(self, locale: str = FALLBACK) -> list[str]:
        """The parts of the safety path that cannot be served."""
        return sorted(key for key in SAFETY_ITEMS if self.find(key, locale) is None)


@dataclass(frozen=True, slots=True)
class Library:
    """All content as read from disk, whatever the day; `on` gives the catalogue of a day."""

    items: tuple[Item, ...]
    reasons: Mapping[tuple[str, str, int], str]
    intents: Mapping[str, IntentTable]
    # What is approved by samples alone, by locale, key and version: nobody with a licence stands behind it.
    samples: frozenset[tuple[str, str, int]] = frozenset()

    def on(self, at: date, own: Mapping[tuple[str, str], Sequence[Item]] | None = None) -> Catalogue:
        """The catalogue of the day `at`.

        `own` holds what a clinic decided, by locale and key: its approved editions, the one in use first, those that
        conversations under way may keep after it; none at all is a retired item. What it names goes by it alone.
        An expired item is gone, with one exception: items marked `safety` are said past their date, and listed as a
        problem. Silence towards somebody in danger would be worse than a review that is late. Unapproved and altered
        content is never said, safety or not.
        """
        served: list[Item] = []
        problems: list[Problem] = []
        decided = own or {}
        shipped = [
            (item, self.reasons[item.locale, item.key, item.version])
            for item in self.items
            if (item.locale, item.key) not in decided
        ]
        approved_here = [(item, "") for editions in decided.values() for item in _one_a_version(editions)]
        for item, reason in (*shipped, *approved_here):
            approved = not reason
            if approved and at > item.expires:
                reason = f"expired on {item.expires}"
            keep = approved and (not reason or item.safety)
            if keep:
                served.append(item)
            if reason:
                problems.append(Problem(item.file, item.key, item.version, reason, served=keep))
        in_use = {name: editions[0].version for name, editions in decided.items() if editions}
        # When the edition in use is gone, no older one steps in for it unasked.
        kept = {(item.locale, item.key) for item in served if item.version == in_use.get((item.locale, item.key))}
        served = [item for item in served if (name := (item.locale, item.key)) not in in_use or name in kept]
        return Catalogue(served, self.intents, tuple(problems), in_use=in_use)


def _one_a_version(editions: Sequence[Item]) -> list[Item]:
    """Of several editions with the same version number the first: a position names a version, not a digest."""
    by_version: dict[int, Item] = {}
    for item in editions:
        by_version.setdefault(item.version, item)
    return list(by_version.values())


def read_library(folder: Path) -> Library:
    """Read every `<locale>/*.toml` under `folder` and the approvals; raises ContentError."""
    items: dict[tuple[str, str, int], Item] = {}
    for file in sorted(folder.glob("*/*.toml")):
        item = read_item(file)
        name = (item.locale, item.key, item.version)
        if item.locale != file.parent.name:
            raise ContentError(file, 0, f"locale '{item.locale}' does not lie in its folder")
        if name in items:
            raise ContentError(file, 0, f"{item.key} version {item.version} is also in {items[name].file.name}")
        items[name] = item
    if not items:
        raise ContentError(folder, 0, "holds no content")
    _check_links(items.values())
    approvals = read_approvals(folder / APPROVALS)
    reasons = {name: why_not_approved(item, approvals) for name, item in items.items()}
    samples = frozenset(name for name, reason in reasons.items() if not reason and approvals[name].sample)
    return Library(tuple(items.values()), reasons, read_intents(), samples)


def load_catalogue(folder: Path, *, at: date) -> Catalogue:
    """The catalogue of the day `at` from a folder of content; raises ContentError."""
    return read_library(folder).on(at)


def safe_catalogue(
    library: Library, *, at: date, own: Mapping[tuple[str, str], Sequence[Item]] | None = None
) -> Catalogue:
    """The catalogue of the day, if the approved minimum is in it; raises SafetyPathMissing. `own`: see `Library.on`."""
    catalogue = library.on(at, own)
    missing = catalogue.missing_safety()
    if missing:
        raise SafetyPathMissing(f"not approved or altered: {', '.join(missing)}")
    return catalogue


@lru_cache(maxsize=1)
def _library() -> Library:
    return read_library(CONTENT)


@lru_cache(maxsize=1)
def labels() -> frozenset[str]:
    """sha256 of every button that the bot can offer, in every shipped item of every locale, whatever the day."""
    return frozenset(text_digest(label) for item in _library().items for label in item.buttons())


@lru_cache(maxsize=4)
def _catalogue_of(at: date) -> Catalogue:
    return safe_catalogue(_library(), at=at)


def current_catalogue(*, at: date | None = None) -> Catalogue:
    """The shipped catalogue of the day (UTC), read from disk once a process; a new day drops what has expired.

    Raises SafetyPathMissing when the approved minimum is not there: then a service must not take clients.
    """
    return _catalogue_of(at or datetime.now(UTC).date())


def _check_links(items: Iterable[Item]) -> None:
    flows = {item.key for item in items if item.is_flow}
    for item in items:
        for node in item.nodes.values():
            if node.flow and node.flow not in flows:
                raise ContentError(item.file, 0, f"nodes.{node.key}: there is no flow '{node.flow}'")
    check_circles(items)


def check_circles(items: Iterable[Item]) -> None:
    """Refuse flows that lead back to themselves without a question in between; raises ContentError."""
    ahead: dict[str, set[str]] = {}
    for item in items:
        for node in item.nodes.values():
            ahead.setdefault(f"{item.key}.{node.key}", set()).update(_silent_ways(item, node, items))
    _refuse_circles(ahead, {item.key: item for item in items})


def _silent_ways(item: Item, node: Node, items: Iterable[Item]) -> set[str]:
    """The nodes that follow without an answer from the client."""
    if node.rests:
        return set()
    ways = {f"{item.key}.{way}" for way in (node.next, *(case.next for case in node.cases)) if way}
    return ways | {f"{other.key}.{other.start}" for other in items if node.flow and other.key == node.flow}


def _refuse_circles(ahead: Mapping[str, set[str]], items: Mapping[str, Item]) -> None:
    """A circle without a question in it would let the bot talk for ever."""
    settled: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            key = name.partition(".")[0]
            raise ContentError(items[key].file, 0, f"goes in a circle without a question: {' > '.join((*trail, name))}")
        if name in settled:
            return
        for way in ahead.get(name, ()):
            walk(way, (*trail, name))
        settled.add(name)

    for name in ahead:
        walk(name, ())
