"""A message for the next page, after a form: carried by one signed cookie and shown once.

The key is the secret of the session that the browser is signed in with: every service can check the message without a
store or a key of its own, and nobody who plants a cookie can make a page say something.
"""

from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer

from plaudit.common.text import cut

FLASH_COOKIE: Final = "plaudit_flash"
MAX_AGE_SECONDS: Final = 120
MAX_TEXT_CHARS: Final = 300
_SALT: Final = "plaudit.flash"


@dataclass(frozen=True, slots=True)
class Flash:
    """One message."""

    text: str
    is_good: bool = True


def sign_flash(flash: Flash, secret: str) -> str:
    """Return a message as the value of a cookie; a long text is cut."""
    return str(_serializer(secret).dumps([cut(flash.text, MAX_TEXT_CHARS), flash.is_good]))


def read_flash(cookie: str, secret: str) -> Flash | None:
    """Return the message of a cookie; None when it is forged, another session's, or too old."""
    try:
        text, is_good = _serializer(secret).loads(cookie, max_age=MAX_AGE_SECONDS)
    except BadData:
        return None
    return Flash(str(text), bool(is_good))


def _serializer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt=_SALT)
