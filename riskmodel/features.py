"""What the linear models see of a stretch of text: its words, and the concepts with their statuses."""

from collections.abc import Iterable, Sequence
from functools import cache

from riskmodel.assertions import STATUSES, Hit
from riskmodel.normalising import SENTENCE, Words
from riskmodel.tables import concepts

# Concept pairs that mean more together than apart, both as the writer's own present.
PAIRS = (
    ("ideation", "soon"),
    ("intent", "soon"),
    ("plan", "soon"),
    ("means", "soon"),
    ("means", "ideation"),
    ("means", "death_wish"),
    ("plan", "ideation"),
    ("death_wish", "hopeless"),
    ("burden", "hopeless"),
    ("goodbye", "death_wish"),
    ("goodbye", "soon"),
    ("threat", "soon"),
    ("self_harm_act", "soon"),
    ("abuse_now", "soon"),
    ("leaving", "soon"),
    ("in_order", "soon"),
    ("in_order", "leaving"),
    ("place", "soon"),
    ("place", "pull"),
    ("coercion", "soon"),
    ("violent_plan", "soon"),
)
CHANGES = (
    "spaced letters",
    "letters written as signs",
    "masked letters",
    "look-alike letters",
    "hidden characters",
    "invented word for a risk",
)
# Concepts that a counsellor should hear of when they are the writer's own present.
DANGERS = frozenset(
    {
        "death_wish",
        "ideation",
        "intent",
        "plan",
        "means",
        "act_now",
        "attempt",
        "self_harm_urge",
        "self_harm_act",
        "harm_others",
        "threat",
        "abuse_now",
        "eating",
        "psychosis",
        "voices_command",
        "medical",
        "told_to_die",
        "attack",
        "own_violence",
        "other_danger",
        "leaving",
        "in_order",
        "lethal_question",
        "pull",
        "act_own_words",
        "injury",
        "coercion",
        "violent_plan",
        "friend_on_edge",
        "food_and_body",
        "unreal",
        "other_at_risk",
        "other_in_emergency",
        "other_harmed",
        "held_down",
        "at_the_door",
        "harm_urge",
        "body_alarm",
        "heavy_use",
        "food_rules",
        "strange_beliefs",
    }
)
# Concepts that make a stretch worth an alarm on its words as well; without any the words alone must say much more.
TELLING = DANGERS | {
    "staying_alive",
    "goodbye",
    "burden",
    "hopeless",
    "third_party",
    "sudden_calm",
    "better_without",
    "place",
    "substance",
}
_LENGTHS = (3, 8, 20)
_LONGEST_CLAUSE = 40
_LONGEST_WHOLE = 60
_AFTER_A_HIT = 4
_CONTRAST = frozenset({"but", "however", "although", "though", "except", "anyway"})
_THIRD_PARTY = (
    "death_wish",
    "ideation",
    "attempt",
    "self_harm_act",
    "act_now",
    "intent",
    "plan",
    "leaving",
    "in_order",
    "act_own_words",
    "injury",
)


@cache
def rule_names() -> tuple[str, ...]:
    """The names of all rule features, in the order of their columns."""
    names = [f"{concept['name']}:{status}" for concept in concepts() for status in STATUSES]
    names += [f"{one}+{other}" for one, other in PAIRS]
    names += [f"changed:{change}" for change in CHANGES]
    names += ["danger affirmed", "two dangers affirmed", "danger only at a distance"]
    names += ["own person", "other person in danger", *(f"words>{length}" for length in _LENGTHS)]
    return tuple(names)


@cache
def _columns() -> dict[str, int]:
    return {name: column for column, name in enumerate(rule_names())}


def rule_columns(words: Words, hits: Sequence[Hit], start: int, end: int) -> list[int]:
    """The columns of the rule features that hold between the words `start` and `end`, each once, ascending."""
    columns = _columns()
    found: set[int] = set()
    own: set[str] = set()
    for hit in hits:
        if hit.start < start or hit.end > end:
            continue
        for status in hit.statuses:
            found.add(columns[f"{hit.concept}:{status}"])
        if hit.affirmed:
            own.add(hit.concept)
        elif hit.concept in _THIRD_PARTY and "other_person" in hit.statuses:
            found.add(columns["other person in danger"])
    dangers = len(own & DANGERS)
    if dangers:
        found.add(columns["danger affirmed"])
    elif any(hit.concept in DANGERS for hit in hits if start <= hit.start and hit.end <= end):
        found.add(columns["danger only at a distance"])
    if dangers > 1:
        found.add(columns["two dangers affirmed"])
    found.update(columns[f"{one}+{other}"] for one, other in PAIRS if one in own and other in own)
    if words.changes and words.words:
        first, last = words.starts[start], words.ends[end - 1]
        for change, (at, _) in words.changes.items():
            if change in CHANGES and first <= at < last:
                found.add(columns[f"changed:{change}"])
    if {"i", "me", "my", "myself"}.intersection(words.words[start:end]):
        found.add(columns["own person"])
    found.update(columns[f"words>{length}"] for length in _LENGTHS if end - start > length)
    return sorted(found)


def stretches(words: Words, hits: Iterable[Hit]) -> list[tuple[int, int]]:
    """The parts of a text that are scored by themselves; the highest counts, so nothing is diluted.

    Sentences, clauses after a contrast, windows of very long clauses, each found phrase with what leads to it, and
    the whole where it is short. Their number grows at most with the number of words.
    """
    clauses = _clauses(words)
    found = dict.fromkeys(clauses)
    if len(clauses) > 1 and len(words.words) <= _LONGEST_WHOLE:
        found[(0, len(words.words))] = None
    # As with windows: what is added behind a text must not take away what its beginning said as a whole.
    found |= dict.fromkeys(_beginnings(words))
    first = 0
    for hit in hits:
        while clauses[first][1] <= hit.start:
            first += 1
        start, end = clauses[first]
        if end - hit.end > _AFTER_A_HIT and hit.end <= end:
            found[(max(start, hit.start - _LONGEST_CLAUSE // 2), hit.end)] = None
    return list(found)


def windows(words: Words) -> list[tuple[int, int]]:
    """The parts of a text whose sense is weighed: each sentence, and the first two and three together.

    What is added behind a text therefore takes no window away, and one that was alarming stays so.
    """
    found = [part for start, end in _sentences(words) for part in _windows(start, end)]
    return found + _beginnings(words)


def _beginnings(words: Words) -> list[tuple[int, int]]:
    """The first two and the first three sentences together, where they are short."""
    ends = [end for _, end in _sentences(words)]
    together = [(0, ends[count - 1]) for count in (2, 3) if len(ends) >= count]
    return [(start, end) for start, end in together if end <= _LONGEST_WHOLE]


def _sentences(words: Words) -> list[tuple[int, int]]:
    ends = [place for place, strength in enumerate(words.breaks, start=1) if strength == SENTENCE]
    if words.words and (not ends or ends[-1] != len(words.words)):
        ends.append(len(words.words))
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _clauses(words: Words) -> list[tuple[int, int]]:
    clauses = []
    start = 0
    for place, strength in enumerate(words.breaks, start=1):
        contrast = place < len(words.words) and words.words[place] in _CONTRAST and place - start > 2
        if strength == SENTENCE or contrast or place == len(words.words):
            clauses.extend(_windows(start, place))
            start = place
    return clauses


def _windows(start: int, end: int) -> list[tuple[int, int]]:
    if end - start <= _LONGEST_CLAUSE:
        return [(start, end)]
    return [(at, min(at + _LONGEST_CLAUSE, end)) for at in range(start, end, _LONGEST_CLAUSE // 2)]
