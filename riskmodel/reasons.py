"""Why a text got its level, in an order that a counsellor can read: rules, phrases, words, disguises."""

from riskmodel.assertions import DISTANCING, Hit, labels
from riskmodel.evidence import Evidence
from riskmodel.features import DANGERS, rule_names
from riskmodel.levels import Reason
from riskmodel.reading import ReadText, Stretch
from riskmodel.vectors import Weights

_WORDS_SHOWN = 5
_PHRASES_SHOWN = 6
_LEAST_SHARE = 0.02
_SPOKEN = {"other_person": "somebody else", "past": "past", "joking": "joking or a saying", "quoted": "quoted"}
_QUIET = frozenset(
    {"protective", "soon", "about_other", "staying_alive"}
)  # told by their partners; alone they alarm nobody
MODERATE = 1  # the output whose log-odds the reasons explain


def give_reasons(text: ReadText, evidence: Evidence | None, weights: Weights) -> tuple[Reason, ...]:
    """The reasons for the level, strongest first within each kind; the rules alone where nothing was weighed.

    The clause that decided, with the change of the log-odds of moderate if it had not been written; phrases with
    their status; the words with the largest exact shares of these log-odds in that clause.
    """
    words = text.words
    found = list(rule_reasons(text))
    if evidence is None:
        return tuple(found)
    stretch = text.stretches[evidence.decisive_stretch()]
    change = float(evidence.total()[MODERATE]) - evidence.without(stretch.start, stretch.end, MODERATE)
    span = words.starts[stretch.start], words.ends[stretch.end - 1]
    found.append(Reason("clause", "the part that weighs most", round(change, 4), *span))
    hits = [hit for hit in text.hits if stretch.start <= hit.start and hit.end <= stretch.end]
    found += _phrases(text, hits, weights)
    found += _words(text, stretch, weights)
    found += [Reason("changed", change, 0.0, *span) for change, span in words.changes.items()]
    return tuple(found)


def rule_reasons(text: ReadText) -> tuple[Reason, ...]:
    """The rules of the safety net that hold, highest floor first, at most three."""
    words = text.words
    return tuple(
        Reason("rule", f"safety net: {one.rule.name}", 0.0, words.starts[one.start], words.ends[one.end - 1])
        for one in text.caught[:3]
    )


def _phrases(text: ReadText, hits: list[Hit], weights: Weights) -> list[Reason]:
    names = rule_names()
    columns = {name: weights.rule_weights[column, MODERATE] for column, name in enumerate(names)}
    seen: dict[str, Reason] = {}
    # That a danger is affirmed at all weighs by itself; each concept that says so has an even share of it.
    telling = {hit.concept for hit in hits if hit.affirmed and hit.concept in DANGERS}
    for hit in hits:
        if hit.concept in _QUIET:
            continue
        weight = sum(float(columns[f"{hit.concept}:{status}"]) for status in hit.statuses)
        if hit.affirmed and hit.concept in telling:
            weight += float(columns["danger affirmed"]) / len(telling)
        away = sorted(hit.statuses & DISTANCING)
        label = labels()[hit.concept]
        if away:
            label += f" ({', '.join(_SPOKEN.get(status, status.replace('_', ' ')) for status in away)})"
        start, end = text.words.starts[hit.start], text.words.ends[hit.end - 1]
        if label not in seen:
            seen[label] = Reason("phrase", label, round(weight, 4), start, end)
    return sorted(seen.values(), key=lambda reason: -reason.weight)[:_PHRASES_SHOWN]


def _words(text: ReadText, stretch: Stretch, weights: Weights) -> list[Reason]:
    words = text.words
    shares = weights.shares(words.words[stretch.start : stretch.end], MODERATE)
    best = [place for place in (-shares).argsort(kind="stable")[:_WORDS_SHOWN] if shares[place] > _LEAST_SHARE]
    return [
        Reason("word", words.words[at], round(float(shares[place]), 4), words.starts[at], words.ends[at])
        for place in best
        for at in (stretch.start + int(place),)
    ]
