"""What a text must be before it is stored: something a person could have typed, within the limit."""

from django.conf import settings


class BadText(Exception):
    """The text cannot be taken. `code` is the protocol's word for why, the message is for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def checked(text: object) -> str:
    """Return `text` unchanged if it can be stored whole; raises BadText otherwise. Nothing is cut or repaired."""
    if not isinstance(text, str):
        raise BadText("bad_text", "The text is missing.")
    if "\x00" in text:
        raise BadText("bad_text", "The text holds a character (NUL) that cannot be stored.")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise BadText("bad_text", "The text holds half a character. Please type it again.")
    limit = settings.CLIENT_TEXT_LIMIT
    if len(text) > limit:
        raise BadText("too_long", f"A message can have {limit:,} characters; this one has {len(text):,}.")
    if not text.strip():
        raise BadText("empty", "The message is empty.")
    return text
