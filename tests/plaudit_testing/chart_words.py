"""The words of a chart, read from its markup."""

import re
from html import unescape
from typing import cast

from plaudit.common.pages.charts.words import Anchor, Text

_TEXT = re.compile(
    r'<text class="words ?([a-z]*)" x="([-\d.]+)%"(?: dx="([\d.]+)")? y="([-\d.]+)" text-anchor="(\w+)">(.*?)</text>',
    re.DOTALL,
)


def in_wide(drawn: str) -> str:
    """What a wide chart shows of a chart's markup."""
    both, _, rest = drawn.partition('<g class="narrow">')
    return both + "</svg></div>" + rest.partition("</svg></div>")[2] if rest else drawn


def in_narrow(drawn: str) -> str:
    """What a narrow chart shows."""
    before, _, rest = drawn.partition('<g class="wide">')
    return before + rest.partition('<g class="narrow">')[2] if rest else drawn


def texts_of(drawn: str) -> list[Text]:
    """All words with a place in percent of the width."""
    return [
        Text(unescape(words), float(x), float(y), cast("Anchor", anchor), kind, shift=float(shift or 0))
        for kind, x, shift, y, anchor, words in _TEXT.findall(str(drawn))
    ]
