"""Foreign text on channels that read markup into it: it stays text, mentions nobody and links nowhere."""

import re
from typing import Final

from plaudit.common.text import clean, shortened

BREAK: Final = "\u2060"
"""WORD JOINER: shows nothing, breaks no line, and takes a link or a mention apart."""
_SCHEME: Final = re.compile(r"(?i)(?<=[a-z]):(?=//)|(?<=mailto):|(?<=tel):")
_WWW: Final = re.compile(r"(?i)(?<=\bwww)\.")
_MENTION: Final = re.compile(r"@(?=\w)")
_DOMAIN: Final = re.compile(r"(?<=[\w-])\.(?=[a-zA-Z]{2,24}\b)")


def disarmed(text: str) -> str:
    """Return a text in which no program finds an address, a domain or a mention. A reader sees no difference."""
    return _MENTION.sub(
        f"@{BREAK}", _DOMAIN.sub(f".{BREAK}", _WWW.sub(f".{BREAK}", _SCHEME.sub(f":{BREAK}", clean(text))))
    )


def plain(text: str, most: int) -> str:
    """Return a text disarmed, of at most so many characters."""
    return shortened(disarmed(text), most)
