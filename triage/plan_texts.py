"""The words of the safety plan's page: headings, prompts and explanations, from approved content only."""

from dataclasses import dataclass
from uuid import UUID

from triage import serving
from triage.bot.catalogue import FALLBACK
from triage.safety_plans import PARTS

_ITEM = "safety_plan"


@dataclass(frozen=True, slots=True)
class PartText:
    """One part of the plan as the page names it: its key, its heading and the question that helps to fill it."""

    key: str
    heading: str
    prompt: str


@dataclass(frozen=True, slots=True)
class PlanTexts:
    """All words of the page in one locale."""

    parts: tuple[PartText, ...]
    introduction: str = ""
    what_it_is_not: str = ""
    who_reads: str = ""
    nothing_yet: str = ""
    nothing_yet_flagged: str = ""
    flagged: str = ""

    def heading(self, key: str) -> str:
        """The heading of a part."""
        return next(part.heading for part in self.parts if part.key == key)


def plan_texts(clinic_id: UUID, locale: str = FALLBACK) -> PlanTexts:
    """The page's words in `locale`, in English where it lacks them, as the clinic has approved them.

    Raises bot.catalogue.NotServable where they are not approved or were altered: then nothing of them may be shown.
    """
    catalogue = serving.catalogue_for(clinic_id)

    def said(name: str) -> str:
        return catalogue.text(f"{_ITEM}.{name}", locale).text

    parts = tuple(PartText(key, catalogue.label(f"{_ITEM}.{key}", locale), said(key)) for key in PARTS)
    return PlanTexts(
        parts=parts,
        introduction=said("introduction"),
        what_it_is_not=said("what_it_is_not"),
        who_reads=said("who_reads"),
        nothing_yet=said("nothing_yet"),
        nothing_yet_flagged=said("nothing_yet_flagged"),
        flagged=said("flagged"),
    )
