"""Texts as cells of CSV files that spreadsheets open: one that looks like a formula is not run as one.

A quote in front makes a spreadsheet take a cell as text. Every text that such a quote could be mistaken in gets one
more, so `unguarded` gives back exactly what `guarded` was given.
"""

import re
from typing import Final

_LOOKS_LIKE_A_FORMULA: Final = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - full-width forms count as well


def guarded(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _LOOKS_LIKE_A_FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text that `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _LOOKS_LIKE_A_FORMULA.match(cell) else cell
