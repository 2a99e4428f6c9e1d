"""Reads one TOML file of content into an Item, or refuses it with file, line and reason."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from triage.bot.content import PERSON, Case, ChoiceSpec, ContentError, Item, Node, OptionSpec
from triage.screenings import instruments

KINDS = frozenset({"flow", "exercise", "aside", "topic", "screening", "texts"})
LONGEST_LIFE = timedelta(days=366)  # content expires at most twelve months after its review
_HEADER: Mapping[str, type] = {
    "key": str,
    "kind": str,
    "version": int,
    "locale": str,
    "title": str,
    "purpose": str,
    "not_when": str,
    "minutes": int,
    "evidence_grade": str,
    "evidence_source": str,
    "author": str,
    "reviewed": date,
    "expires": date,
    "safety": bool,
}
_DAYS = tuple(name for name, kind in _HEADER.items() if kind is date)
# kind of node -> (fields it must have, fields it may have)
_NODES: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "say": (frozenset({"text", "next"}), frozenset({"card", "exercise", "mark"})),
    "choose": (frozenset({"text", "choices"}), frozenset({"card", "exercise", "mark"})),
    "rate": (frozenset({"text", "low", "high", "remember", "next", "skip"}), frozenset({"exercise"})),
    "ask": (frozenset({"text", "next"}), frozenset({"exercise"})),
    "branch": (frozenset({"on", "cases", "next"}), frozenset()),
    "offer_person": (frozenset({"text", "next"}), frozenset()),
    "start_exercise": (frozenset({"flow"}), frozenset()),
    "screen": (frozenset({"flow"}), frozenset()),
    "item": (frozenset({"text", "number", "options", "next"}), frozenset({"again"})),
    "go": (frozenset({"flow"}), frozenset()),
    "resume": (frozenset(), frozenset()),
    "end": (frozenset(), frozenset({"text"})),
}
_TYPES: Mapping[str, type] = {"low": int, "high": int, "number": int, "choices": list, "cases": list}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ERROR_LINE = re.compile(r"at line (\d+)")


def read_item(file: Path) -> Item:
    """Read and check one content file; raises ContentError."""
    source, raw = read_toml(file)
    return _Reader(file, source).item(raw)


def item_of_source(raw: Any, place: Path) -> Item:
    """The Item of stored content: what `source_of` gave, read back from JSON. Raises ContentError naming `place`."""
    if not isinstance(raw, dict):
        raise ContentError(place, 0, "is not a table")
    days = {name: date.fromisoformat(str(raw[name])) for name in _DAYS if name in raw and _is_day(raw[name])}
    return _Reader(place, "").item({**raw, **days})


def source_of(file: Path) -> str:
    """The content of a file as canonical JSON: its sha256 is the digest that an approval names. Raises ContentError."""
    return _canonical(read_toml(file)[1])


def _is_day(value: Any) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def read_toml(file: Path) -> tuple[str, dict[str, Any]]:
    """The file's text and its TOML; raises ContentError with the line at which it breaks."""
    try:
        source = file.read_text(encoding="utf-8")
        return source, tomllib.loads(source)
    except UnicodeDecodeError as error:
        raise ContentError(file, 0, f"is not UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise ContentError(file, 0, f"cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        found = _ERROR_LINE.search(str(error))
        raise ContentError(file, int(found[1]) if found else 0, f"is not TOML: {error}") from error


def content_digest(raw: Mapping[str, Any]) -> str:
    """sha256 of the exact content in canonical JSON: what an approval names. Layout and comments do not count."""
    return hashlib.sha256(_canonical(raw).encode()).hexdigest()


def _canonical(raw: Mapping[str, Any]) -> str:
    return json.dumps(raw, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=date.isoformat)


class _Reader:
    """Checks one file; knows its text so that a refusal can name the line."""

    def __init__(self, file: Path, source: str) -> None:
        self.file = file
        self.lines = source.splitlines()

    def refuse(self, reason: str, *path: str) -> ContentError:
        where = ".".join(path)
        return ContentError(self.file, self._line_of(path), f"{where}: {reason}" if where else reason)

    def _line_of(self, path: tuple[str, ...]) -> int:
        header = f"[{'.'.join(path[:2])}]"
        line = 0
        for number, text in enumerate(self.lines, 1):
            if text.strip() == header:
                line = number
            in_place = line if len(path) > 1 else True
            if path and in_place and re.match(rf"\s*{re.escape(path[-1])}\s*=", text):
                return number
        return line

    def item(self, raw: dict[str, Any]) -> Item:
        header = {name: self.value(raw, name, kind) for name, kind in _HEADER.items()}
        self._check_header(header)
        known = {*_HEADER, "start", "instrument", "options", "nodes", "texts", "labels"}
        for name in raw.keys() - known:
            raise self.refuse("unknown key", name)
        self.options = {key: self.option_list(key, each) for key, each in raw.get("options", {}).items()}
        item = Item(
            **header,
            digest=content_digest(raw),
            file=self.file,
            start=raw.get("start", ""),
            instrument=raw.get("instrument", ""),
            nodes={key: self.node(key, node) for key, node in raw.get("nodes", {}).items()},
            texts={key: self.texts(texts, "texts", key) for key, texts in raw.get("texts", {}).items()},
            labels={key: self.texts(label, "labels", key)[0] for key, label in raw.get("labels", {}).items()},
        )
        self._check_shape(item)
        return item

    def value(self, raw: Mapping[str, Any], name: str, kind: type, *path: str) -> Any:
        """`raw[name]`, which must be there, of that type, and not blank."""
        if name not in raw:
            raise self.refuse(f"'{name}' is missing", *path) if path else self.refuse(f"'{name}' is missing")
        value = raw[name]
        if type(value) is not kind:
            raise self.refuse(f"must be {kind.__name__}, not {type(value).__name__}", *path, name)
        if isinstance(value, str) and not value.strip():
            raise self.refuse("is blank", *path, name)
        return value

    def _check_header(self, header: Mapping[str, Any]) -> None:
        if header["kind"] not in KINDS:
            raise self.refuse(f"'{header['kind']}' is none of {', '.join(sorted(KINDS))}", "kind")
        if not _NAME.fullmatch(header["key"]):
            raise self.refuse("must be small letters, digits and _", "key")
        if header["version"] < 1:
            raise self.refuse("must be 1 or more", "version")
        if header["evidence_grade"] not in {"A", "B", "C"}:
            raise self.refuse("must be A, B or C", "evidence_grade")
        if not header["reviewed"] < header["expires"] <= header["reviewed"] + LONGEST_LIFE:
            raise self.refuse("must be after the review and within twelve months of it", "expires")

    def texts(self, value: Any, *path: str) -> tuple[str, ...]:
        variants = value if isinstance(value, list) else [value]
        if not variants or not all(isinstance(text, str) and text.strip() for text in variants):
            raise self.refuse("must be a text or a list of texts, none blank", *path)
        if any(text != " ".join(text.split()) for text in variants):
            raise self.refuse("has doubled, leading or trailing spaces or a line break", *path)
        if len(set(variants)) != len(variants):
            raise self.refuse("says the same twice", *path)
        return tuple(variants)

    def node(self, key: str, raw: Any) -> Node:
        here = ("nodes", key)
        if not isinstance(raw, dict) or not _NAME.fullmatch(key):
            raise self.refuse("must be a table named in small letters", *here)
        kind = self.value(raw, "do", str, *here)
        if kind not in _NODES:
            raise self.refuse(f"'{kind}' is none of {', '.join(_NODES)}", *here, "do")
        must, may = _NODES[kind]
        for name in raw.keys() - must - may - {"do"}:
            raise self.refuse(f"'{name}' has no meaning in '{kind}'", *here, name)
        fields = {n: self.value(raw, n, _TYPES.get(n, str), *here) for n in raw if n not in {"do", "text", "again"}}
        for name in must - raw.keys():
            raise self.refuse(f"'{name}' is missing", *here)
        fields["choices"] = tuple(self.choice(key, each) for each in raw.get("choices", ()))
        fields["cases"] = tuple(self.case(key, each) for each in raw.get("cases", ()))
        if kind == "item":
            if fields["options"] not in self.options:
                raise self.refuse(f"there are no options '{fields['options']}'", *here, "options")
            fields["options"] = self.options[fields["options"]]
        texts, again = (self.texts(raw[n], *here, n) if n in raw else () for n in ("text", "again"))
        return Node(key=key, kind=kind, texts=texts, again=again, **fields)

    def option_list(self, key: str, raw: Any) -> tuple[OptionSpec, ...]:
        here = ("options", key)
        if not isinstance(raw, list) or not raw:
            raise self.refuse("must be a list of answers", *here)
        for each in raw:
            if not isinstance(each, dict) or set(each) != {"label", "value"} or type(each["value"]) is not int:
                raise self.refuse("each answer needs a label and a whole number as its value", *here)
        options = tuple(OptionSpec(self.texts(each["label"], *here)[0], each["value"]) for each in raw)
        if len({option.label.casefold() for option in options}) != len(options):
            raise self.refuse("two answers have the same label", *here)
        return options

    def choice(self, node: str, raw: Any) -> ChoiceSpec:
        here = ("nodes", node, "choices")
        try:
            choice = ChoiceSpec(**raw)
        except TypeError as error:
            raise self.refuse(str(error).partition(") ")[2] or str(error), *here) from error
        if not all(isinstance(raw[name], str) and raw[name].strip() for name in raw):
            raise self.refuse("every value must be a text", *here)
        if bool(choice.next) == bool(choice.wish) or choice.wish not in {"", PERSON}:
            raise self.refuse(f"'{choice.key}' needs either next or wish = \"person\"", *here)
        if choice.means not in {"", "yes", "no"}:
            raise self.refuse(f"'{choice.key}': means must be yes or no", *here)
        return choice

    def case(self, node: str, raw: Any) -> Case:
        if not isinstance(raw, dict) or set(raw) != {"at_least", "next"} or type(raw["at_least"]) is not int:
            raise self.refuse("each case needs a whole number at_least and a next", "nodes", node, "cases")
        return Case(**raw)

    def _check_shape(self, item: Item) -> None:
        if not item.is_flow:
            if item.nodes or item.start:
                raise self.refuse("an item of texts has no nodes", "nodes")
            if not item.texts and not item.labels:
                raise self.refuse("has no texts")
            return
        if item.texts or item.labels:
            raise self.refuse("a flow keeps its texts in its nodes", "texts")
        if item.start not in item.nodes:
            raise self.refuse(f"'{item.start}' is not one of the nodes", "start")
        for node in item.nodes.values():
            for target in targets(node):
                if target not in item.nodes:
                    raise self.refuse(f"leads to '{target}', which is not one of the nodes", "nodes", node.key)
            if len({choice.key for choice in node.choices}) != len(node.choices):
                raise self.refuse("two choices have the same key", "nodes", node.key, "choices")
            if len({choice.label.casefold() for choice in node.choices}) != len(node.choices):
                raise self.refuse("two choices have the same label", "nodes", node.key, "choices")
            if node.kind == "rate" and not 0 <= node.low < node.high <= 100:
                raise self.refuse("low must be below high, within 0 to 100", "nodes", node.key, "low")
        self._check_screening(item)
        for lost in item.nodes.keys() - _reached(item):
            raise self.refuse("no way leads here", "nodes", lost)
        if item.kind == "topic" and not asks_first(item):
            raise self.refuse("a topic can be left at once: start must offer a no", "start")
        if item.kind == "exercise" and not asks_first(item):
            raise self.refuse("an exercise asks before it begins: start must offer a no (BOT-14)", "start")

    def _check_screening(self, item: Item) -> None:
        """A screening asks every item of its instrument, with answers that the instrument takes (INS-1)."""
        numbers = sorted(node.number for node in item.nodes.values() if node.kind == "item")
        if item.kind != "screening":
            if numbers or item.instrument:
                raise self.refuse("only a screening has items and an instrument", "kind")
            return
        try:
            instrument = instruments.instrument(item.instrument)
        except instruments.UnknownInstrument:
            raise self.refuse(f"there is no instrument '{item.instrument}'", "instrument") from None
        if numbers != list(range(1, instrument.items + 1)):
            raise self.refuse(f"must ask the items 1 to {instrument.items}, each once", "instrument")
        for node in item.nodes.values():
            if any(not instrument.least <= option.value <= instrument.most for option in node.options):
                raise self.refuse(f"an answer lies outside {instrument.least} to {instrument.most}", "nodes", node.key)
        if not asks_first(item):
            raise self.refuse("a screening asks before it begins: start must offer a no", "start")


def targets(node: Node) -> list[str]:
    """The nodes of the same flow that `node` can lead to."""
    ways = [node.next, node.skip, *(choice.next for choice in node.choices), *(case.next for case in node.cases)]
    return [way for way in ways if way]


def asks_first(item: Item) -> bool:
    """Whether the flow's first node waits for an answer and takes a no (BOT-14)."""
    return any(choice.means == "no" for choice in item.nodes[item.start].choices)


def _reached(item: Item) -> set[str]:
    reached: set[str] = set()
    ahead = [item.start]
    while ahead:
        key = ahead.pop()
        if key not in reached:
            reached.add(key)
            ahead += targets(item.nodes[key])
    return reached
