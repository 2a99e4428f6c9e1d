"""The time zones that a clinic can be in."""

import zoneinfo
from functools import cache


@cache
def zones() -> tuple[str, ...]:
    """All named places of the time zone database, and UTC."""
    places = (name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return ("UTC", *sorted(places))
