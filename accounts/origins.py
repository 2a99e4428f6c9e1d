"""Sites that may show a clinic's chat: exact origins, because they end up in a security header."""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError

ORIGINS_LIMIT = 20
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = re.compile(rf"https://{_LABEL}(?:\.{_LABEL})+(?::(\d{{1,5}}))?")
_LOCAL = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::(\d{1,5}))?")
_PARTS = re.compile(r"(https?)://([^/:@?#\\\s]+)(:\d+)?/?", re.IGNORECASE)


def clean_origins(origins: Iterable[str], *, with_local: bool = False) -> list[str]:
    """The origins in their one form (lower case, ASCII host, no default port), each once, in the order given.

    Only `https://host[:port]`; with `with_local` also this machine by http, for trying things out. Raises
    ValidationError naming each line that is something else.
    """
    cleaned, wrong = [], []
    for origin in (line.strip() for line in origins):
        if not origin:
            continue
        clean = _clean(origin, with_local=with_local)
        if clean is None:
            wrong.append(f"{origin[:80]}: write https:// and the site's host name, without a path.")
        elif clean not in cleaned:
            cleaned.append(clean)
    if len(cleaned) > ORIGINS_LIMIT:
        wrong.append(f"At most {ORIGINS_LIMIT} sites.")
    if wrong:
        raise ValidationError(wrong)
    return cleaned


def _clean(origin: str, *, with_local: bool) -> str | None:
    parts = _PARTS.fullmatch(origin)
    if parts is None:
        return None
    scheme, host, port = parts[1].lower(), _ascii(parts[2]), parts[3] or ""
    clean = f"{scheme}://{host}{'' if (scheme, port) == ('https', ':443') else port}"
    found = _ORIGIN.fullmatch(clean) or (with_local and _LOCAL.fullmatch(clean)) or None
    if found is None or not 0 < int(found[1] or 1) < 65536 or len(clean) > 200:
        return None
    return clean


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return ""
