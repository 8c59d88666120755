"""How much room letters take, for pictures that are drawn where nothing measures them.

The figures are those of DejaVu Sans, which is the widest of the usual fonts.
"""

import unicodedata
from typing import Final

from plaudit.common.text import ELLIPSIS, cut

MEASURED_PIXELS: Final = 12.0
"""Height of the font that the figures below are of."""
_THIN_LETTER: Final = 4.8
_LETTER: Final = 7.6
_WIDE_LETTER: Final = 8.8
_FULL_LETTER: Final = 12.5
_THINNEST: Final = frozenset("fijlrt .,:;'|!()[]/-–")
_WIDEST: Final = frozenset("MWmw@%—…ÆŒæœЖМФШЩЫЮжмфшщыю")
_BOLDNESS: Final = 1.1
"""How much wider bold letters are."""


def width_of(words: str, *, is_bold: bool = False, pixels: float = MEASURED_PIXELS) -> float:
    """Return about how many pixels words take in a font of some height, rather too many than too few."""
    return sum(map(_letter_width, words)) * (_BOLDNESS if is_bold else 1) * pixels / MEASURED_PIXELS


def fitting(words: str, room: float, *, is_bold: bool = False, pixels: float = MEASURED_PIXELS) -> str:
    """Return words as they fit into so many pixels; of those that do not, the beginning and an ellipsis.

    No letter and no emoji is cut in two.
    """
    if width_of(words, is_bold=is_bold, pixels=pixels) <= room:
        return words
    left = room - width_of(ELLIPSIS, is_bold=is_bold, pixels=pixels)
    most = 0
    while most < len(words) and (left := left - width_of(words[most], is_bold=is_bold, pixels=pixels)) >= 0:
        most += 1
    return cut(words, most).rstrip() + ELLIPSIS


def _letter_width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if letter in _WIDEST or unicodedata.east_asian_width(letter) in {"W", "F"}:
        return _FULL_LETTER
    if letter in _THINNEST:
        return _THIN_LETTER
    return _WIDE_LETTER if letter.isupper() else _LETTER
