"""A clinic's statements that it may use instruments whose wording is not free, and what follows from them (INS-6)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db import transaction

from accounts.models import Clinic, Membership
from accounts.permissions import Action
from accounts.trail import agent_of
from audit.trail import Event, clinic_stream, record
from triage.bot.catalogue import Catalogue
from triage.models import InstrumentLicence
from triage.screenings.instruments import instrument, instruments
from triage.switching import locked_clinic

_LONGEST_PROOF = 200


class LicenceMissing(Exception):
    """The wording of the instrument needs a licence that the clinic has not stated; the message names it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{instrument(key).title} needs a licence, and the clinic has not stated that it has one.")
        self.instrument = key


class LicenceNotNeeded(ValueError):
    """The instrument may be used without a licence."""


class AlreadyStated(ValueError):
    """The clinic has stated a licence for this instrument before, and it has not ended."""


class NoLicence(LookupError):
    """The clinic has no standing licence for this instrument."""


class BadProof(ValueError):
    """It must be said in 1 to 200 characters where the proof lies, such as the file number of a letter."""


def state_licence(*, member: Membership, instrument: str, proof: str, at: datetime) -> InstrumentLicence:
    """State that the member's clinic may use an instrument, and where the proof of it lies.

    Raises instruments.UnknownInstrument, LicenceNotNeeded, BadProof, AlreadyStated and accounts.access.NotPermitted.
    """
    _needing(instrument)
    place = " ".join(proof.split())
    if not 0 < len(place) <= _LONGEST_PROOF:
        raise BadProof((BadProof.__doc__ or "").strip())
    with _deciding(member) as clinic:
        if may_use(clinic, instrument):
            raise AlreadyStated((AlreadyStated.__doc__ or "").strip())
        licence = InstrumentLicence.objects.create(
            clinic=clinic, instrument=instrument, proof=place, stated_by=member, stated_at=at
        )
        _record("licence.stated", licence, member, at=at)
    return licence


def end_licence(*, member: Membership, instrument: str, at: datetime) -> InstrumentLicence:
    """End the clinic's licence: from the next message on the instrument is not offered, and one under way is left.

    What was answered stays. Raises instruments.UnknownInstrument, NoLicence and accounts.access.NotPermitted.
    """
    _needing(instrument)
    with _deciding(member) as clinic:
        licence = _standing(clinic.pk, instrument)
        if licence is None:
            raise NoLicence((NoLicence.__doc__ or "").strip())
        licence.ended_at = at
        licence.save(update_fields=["ended_at"])
        _record("licence.ended", licence, member, at=at)
    return licence


def may_use(clinic: Clinic, instrument: str) -> bool:
    """Whether the clinic may ask the instrument: it is free, or a licence stands. Raises UnknownInstrument."""
    return not _needs_licence(instrument) or _standing(clinic.pk, instrument) is not None


def require_licence(clinic: Clinic, instrument: str) -> None:
    """Return when the clinic may ask the instrument; raises LicenceMissing otherwise, and UnknownInstrument."""
    if not may_use(clinic, instrument):
        raise LicenceMissing(instrument)


def licences_of(clinic: Clinic) -> list[InstrumentLicence]:
    """Every licence that the clinic ever stated, ended ones too, by instrument and time."""
    rows = InstrumentLicence.objects.filter(clinic=clinic).select_related("stated_by__user")
    return list(rows.order_by("instrument", "stated_at"))


def licensed(catalogue: Catalogue, clinic_id: UUID) -> Catalogue:
    """The catalogue without the screenings that the clinic may not ask, so that no way leads to them.

    Asks the database only where there is such wording at all, and there is none in what is shipped.
    """
    needing = _needing_in(catalogue)
    if not needing:
        return catalogue
    stands = InstrumentLicence.objects.filter(clinic_id=clinic_id, ended_at=None, instrument__in=needing)
    closed = needing - set(stands.values_list("instrument", flat=True))
    return _without(catalogue, closed) if closed else catalogue


@lru_cache(maxsize=16)
def _needing_in(catalogue: Catalogue) -> frozenset[str]:
    return frozenset(key for key in catalogue.instruments() if _needs_licence(key))


@lru_cache(maxsize=16)
def _without(catalogue: Catalogue, closed: frozenset[str]) -> Catalogue:
    return catalogue.without_instruments(closed)


def _needs_licence(key: str) -> bool:
    return instrument(key).needs_licence


def _needing(key: str) -> None:
    if not _needs_licence(key):
        raise LicenceNotNeeded(f"{instruments()[key].title} may be used without a licence.")


def _standing(clinic_id: UUID, key: str) -> InstrumentLicence | None:
    return InstrumentLicence.objects.filter(clinic_id=clinic_id, instrument=key, ended_at=None).first()


@contextmanager
def _deciding(member: Membership) -> Iterator[Clinic]:
    """Two who decide at once wait for each other at the clinic's row."""
    with transaction.atomic(durable=True):
        yield locked_clinic(member, Action.MANAGE_LICENCES)


def _record(action: str, licence: InstrumentLicence, member: Membership, *, at: datetime) -> None:
    detail = {"instrument": licence.instrument}
    event = Event(action, agent_of(member), "instrument_licence", str(licence.pk), detail=detail)
    record(clinic_stream(licence.clinic_id), event, at=at)
