"""The models that this process holds: each version loaded once, by whichever thread comes first."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from riskmodel.artefacts import Artefact, load

Held = TypeVar("Held")

# A version in force and a candidate in the shadow for each of a few clinics; about 40 MB a version.
_MOST = 8


class Loaded(Generic[Held]):
    """What `make` gives for an artefact, by version. Where there are many, the one loaded longest ago goes."""

    def __init__(self, make: Callable[[Artefact], Held]) -> None:
        self._make = make
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._lock = threading.Lock()
        # A fork may happen while another thread loads; the child must not wait for a thread that it does not have.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()

    def get(self, version: str = "") -> Held:
        """The scorer of `version`, or of the shipped active one. Raises ArtefactRefused."""
        found = self._held.get(version)
        if found is not None:
            return found
        with self._lock:
            if version not in self._held:
                self._held[version] = self._make(load(version or None))
                while len(self._held) > _MOST:
                    self._held.popitem(last=False)
            return self._held[version]
