"""The one notion of text that people write: what belongs in it, what of it can be seen, and where it may be cut.

A clean text is NFC and holds no control characters but tabs and line feeds, nothing that turns the direction of what
follows, and no soft hyphens. Joiners stay inside words and emoji, since Persian, Hindi and families need them.
"""

import re
import unicodedata
from typing import Final

import regex

MAX_LETTER_CHARS: Final = 64
"""A letter of more code points is no letter of any script, and is cut like any text."""
ELLIPSIS: Final = "…"
_ISOLATE: Final = "\u2068"
_END_OF_ISOLATE: Final = "\u2069"

NOT_TEXT: Final = r"\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069"
"""For a class of a pattern: control characters, and what makes a line look like another one. No text needs them."""
UNSEEN: Final = (
    r"\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2060-\u2065\u206A-\u206F\u2800\u3164"
    r"\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB"
    # As they are: patterns of documents and those of Python have no common way to write them.
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""For a class of a pattern: what may be in a text and shows nothing of its own. White space is not among them."""

_LINE_BREAK: Final = re.compile(r"\r\n|[\r\u000B\u000C\u0085\u2028\u2029]")
_SEPARATOR: Final = re.compile(r"[\u001C-\u001F]")
_SURROGATE: Final = re.compile(r"[\uD800-\uDFFF]")
_FLAG: Final = "\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
_DROPPED: Final = re.compile(
    rf"({_FLAG})|[{NOT_TEXT}\u00AD\u2060-\u2065\u206A-\u206F\uFEFF\uFFF9-\uFFFB\U000e0000-\U000e007f]"
)
"""What a clean text does without, but for the letters that make the flag of a region."""
_STRAY_JOINER: Final = re.compile(r"(?<![^\s\u200C\u200D])[\u200C\u200D]+")
"""A joiner that follows nothing, or another one."""
_RARE: Final = re.compile(
    rf"[{NOT_TEXT}\r\u0085\u00AD\u200C\u200D\u2028\u2029\u2060-\u206F\uD800-\uDFFF\uFEFF\uFFF9-\uFFFB"
    "\U000e0000-\U000e007f]"
)
"""All that a clean text may have to do without; most texts hold none of it."""
_PLAIN_ASCII: Final = bytes(byte if byte in b"\t\n" or 32 <= byte < 127 else 32 for byte in range(256))
"""A table for `bytes.translate` that changes control characters only: it takes less than a nanosecond a character."""
_UNSEEN: Final = re.compile(f"[{NOT_TEXT}{UNSEEN}]+")
_MARKS: Final = frozenset({"Mn", "Me"})
"""Categories of Unicode: what stands above, below or around a letter."""
_LETTER: Final = regex.compile(r"\X")
"""An extended grapheme cluster: what a reader takes for one character."""


def clean(text: str) -> str:
    """Return a text without what does not belong in it; each line break becomes a line feed, spaces stay.

    Halves of surrogate pairs become U+FFFD, the sign of a character that could not be read.
    """
    if text.isascii() and (plain := text.encode()).translate(_PLAIN_ASCII) == plain:
        return text
    if _RARE.search(text):
        lines = _SEPARATOR.sub(" ", _LINE_BREAK.sub("\n", text))
        kept = _DROPPED.sub(lambda match: match[1] or "", _SURROGATE.sub("\ufffd", lines))
        text = _STRAY_JOINER.sub("", kept)
    return unicodedata.normalize("NFC", text)


def one_line(text: str) -> str:
    """Return a clean text as one line: its words with single spaces."""
    return " ".join(clean(text).split())


def seen(text: str) -> str:
    """Return a text without the characters that show nothing; marks and spaces stay."""
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub("", text)


def shows(text: str) -> bool:
    """Say whether a reader sees anything of a text: more than spaces, and more than marks without a letter."""
    return any(not char.isspace() and unicodedata.category(char) not in _MARKS for char in seen(text))


def isolated(text: str) -> str:
    """Return a clean line as it stands within a plain text of ours, whose direction it then leaves as it is."""
    return text if text.isascii() else f"{_ISOLATE}{text}{_END_OF_ISOLATE}"


def with_bdi(html: str) -> str:
    """Return a line of HTML in which an element isolates what `isolated` does in a plain text."""
    return html.replace(_ISOLATE, "<bdi>").replace(_END_OF_ISOLATE, "</bdi>")


def cut(text: str, most: int) -> str:
    """Return the beginning of a text: at most so many code points, with no letter or emoji cut in two."""
    if len(text) <= most:
        return text
    if text[: most + 1].isascii() and text[most] != "\n":
        return text[:most]
    end = _a_beginning_before(text, most)
    for letter in _LETTER.finditer(text, end):
        if letter.end() > most:
            break
        end = letter.end()
    return text[: end if most - end <= MAX_LETTER_CHARS else most]


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many code points; one that is cut ends with an ellipsis."""
    return text if len(text) <= most else cut(text, most - len(ELLIPSIS)).rstrip() + ELLIPSIS


def _a_beginning_before(text: str, most: int) -> int:
    """Return where a letter begins for certain, as near before an index as is cheap to find: a space after ASCII."""
    space = text.rfind(" ", 0, most)
    return space if space > 0 and text[space - 1].isascii() else 0
