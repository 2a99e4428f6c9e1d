"""The return key that a person may write down to come back with. Only its digest is kept."""

import secrets

from accounts.secrecy import digest_of_key

# Crockford's alphabet: no I, L, O, U, so that a key written down by hand can be read again.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_GROUPS, _GROUP_LENGTH = 5, 4


def new_return_key() -> str:
    """A person's return key: 100 random bits in five groups of four."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def return_key_digest(key: str) -> bytes:
    """Digest of a return key as a person may type it: any case, any spacing, look-alike letters forgiven."""
    letters = "".join(char for char in key.upper() if char.isalnum()).translate(_LOOK_ALIKES)
    return digest_of_key(letters)
