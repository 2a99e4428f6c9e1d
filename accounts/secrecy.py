"""Random keys that are shown once, and the digests that stand for what the tables must not hold."""

import base64
import hashlib
import hmac
import ipaddress
import secrets

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase


def new_key() -> str:
    """256 random bits, safe in an address."""
    return secrets.token_urlsafe(32)


def digest_of_key(key: str) -> bytes:
    """SHA-256. The keys are random and long, so a slow hash would add nothing."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def keyed_digest(purpose: str, text: str) -> bytes:
    """HMAC-SHA-256 under the service's secret, for text that could be guessed, such as an e-mail address."""
    return hmac.digest(_derived(purpose), text.encode("utf-8", "surrogatepass"), "sha256")


def email_digest(email: str) -> bytes:
    """What stands for an e-mail address where failures are counted, whatever its case."""
    return keyed_digest("sign-in e-mail", email.strip().lower())


def address_digest(address: str) -> bytes:
    """What stands for a network address. Of IPv6 the network counts: one house has billions of addresses in it."""
    try:
        network = ipaddress.ip_address(address.partition("%")[0])
        if network.version == 6:
            address = str(ipaddress.ip_network((network, 64), strict=False))
    except ValueError:
        pass
    return keyed_digest("sign-in address", address)


def keep_for_next_page(session: SessionBase, name: str, text: str) -> None:
    """Carry a secret over one redirect. The session's row holds it encrypted, so the table never shows it."""
    session[f"once_{name}"] = _cipher().encrypt(text.encode()).decode()


def take_once(session: SessionBase, name: str) -> str:
    """The secret that was kept under `name`, gone from the session with this call; empty if there is none."""
    sealed = session.pop(f"once_{name}", "")
    try:
        return _cipher().decrypt(sealed, ttl=600).decode() if sealed else ""
    except InvalidToken:
        return ""


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived("shown once")))


def _derived(purpose: str) -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), f"accounts: {purpose}".encode(), "sha256")
