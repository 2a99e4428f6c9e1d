"""A service's own labelled messages, which are learnt beside the corpus: reads, checks and weighs them."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from riskmodel.corpus import CorpusError, Row, read_row
from riskmodel.levels import RANK
from riskmodel.normalising import normalise

# What one message of the service's own counts beside a row that we wrote. It tells how its clients speak and what its
# counsellors found, so it counts more; but a few hundred must not drown what thousands of rows know of rare dangers.
# At three, 700 own messages are about a quarter of all that is learnt. docs/model_card.md shows it measured.
OWN_WEIGHT = 3.0
# Of a hundred families, the first 70 train, the next 15 calibrate, the rest test.
_TRAIN, _CALIBRATE = 70, 85
_WORDS = ("id", "text", "level", "family")


class LabelsError(ValueError):
    """The file of labels cannot be learnt from; the message names the line and never repeats a text."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The corpus without what the service's own labels replace, these labels, and what was found, a sentence each."""

    corpus: list[Row]
    own: list[Row]
    findings: list[str] = field(default_factory=list)


def read_labels(path: Path) -> list[Row]:
    """The rows of a JSONL file in the format of the corpus; where `split` is missing it is drawn from the family.

    Raises LabelsError with the line where a row cannot be read, and where one family lies in more than one split:
    then a model would be measured on what it learnt.
    """
    rows: list[Row] = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise LabelsError(f"{path.name}: invalid UTF-8 at byte {error.start + 1}") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            rows.append(_read(line, f"{path.name} line {number}"))
    if not rows:
        raise LabelsError(f"{path.name}: no labels")
    _refuse_leaks(rows)
    return rows


def draw_split(family: str) -> str:
    """The split of a family: always the same one, 70 % train, 15 % calibrate and 15 % test."""
    # Its own prefix: the folds of training are drawn from the bare family, and must not hang together with this.
    place = int(hashlib.sha256(f"split:{family}".encode()).hexdigest(), 16) % 100
    return "train" if place < _TRAIN else "calibrate" if place < _CALIBRATE else "test"


def settle(rows: Sequence[Row], labels: Sequence[Row]) -> Settled:
    """Decide what counts where two rows have the same words.

    The service's own label stands against the corpus. Among own labels of one text the highest level counts, for a
    danger that is missed costs more; the same label twice counts once, or a greeting would outweigh everything.
    """
    findings: list[str] = []
    own = _one_a_text(labels, findings)
    replaced = {_words(row): row for row in own}
    kept: list[Row] = []
    for row in rows:
        mine = replaced.get(_words(row))
        if mine is None:
            kept.append(row)
        elif mine.level is row.level:
            findings.append(f"duplicate: {mine.id} has the words of {row.id} in the corpus; the label is kept")
        else:
            findings.append(f"conflict: {mine.id} is {mine.level}, {row.id} in the corpus {row.level}; it counts")
    return Settled(kept, _apart(kept, own, findings), findings)


def merge(rows: Sequence[Row], labels: Sequence[Row], *, weight: float = OWN_WEIGHT) -> tuple[list[Row], list[float]]:
    """What to learn from, and what each row counts: 1 for the corpus, `weight` for an own label.

    Raises ValueError unless `weight` is above nought.
    """
    if not weight > 0:
        raise ValueError("the weight of own labels must be above nought")
    settled = settle(rows, labels)
    return [*settled.corpus, *settled.own], [1.0] * len(settled.corpus) + [weight] * len(settled.own)


def _read(line: str, place: str) -> Row:
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict) or not all(isinstance(fields.get(name), str) for name in _WORDS):
            raise LabelsError(f"{place}: {', '.join(_WORDS)} must be words")
        if not fields.get("split"):
            fields["split"] = draw_split(fields["family"])
        return read_row(json.dumps(fields), place)
    except LabelsError:
        raise
    except CorpusError as error:
        raise LabelsError(str(error)) from None
    except ValueError as error:
        raise LabelsError(f"{place}: {error}") from None


def _refuse_leaks(rows: Sequence[Row]) -> None:
    splits: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        splits[row.family].add(row.split)
    leaking = sorted(family for family, found in splits.items() if len(found) > 1)
    if leaking:
        raise LabelsError(f"family {leaking[0]} lies in {' and '.join(sorted(splits[leaking[0]]))}")


def _one_a_text(labels: Sequence[Row], findings: list[str]) -> list[Row]:
    same: dict[str, list[Row]] = defaultdict(list)
    for row in labels:
        same[_words(row)].append(row)
    own = []
    for group in same.values():
        best = max(group, key=lambda row: RANK[row.level])
        own.append(best)
        for other in group:
            if other is not best:
                kind = "duplicate" if other.level is best.level else "conflict"
                findings.append(f"{kind} among the labels: {other.id} has the words of {best.id}, which counts")
    return own


def _apart(rows: Sequence[Row], own: Sequence[Row], findings: list[str]) -> list[Row]:
    """Own labels in families of their own: a name that the corpus uses too would tie strangers together."""
    taken = {row.family for row in rows}
    apart = []
    for row in own:
        if row.family in taken:
            findings.append(f"family {row.family} of {row.id} is one of the corpus too; it is kept apart")
            row = replace(row, family=f"own {row.family}")
        apart.append(row)
    return apart


def _words(row: Row) -> str:
    # Normalised words hold no numbers, but two tablets are not twenty.
    return " ".join([*normalise(row.text).words, *re.findall(r"\d+", row.text)]) or row.text.strip()
