"""Texts as parameters that are looked up as they are: any but an empty one, and one with NUL.

No database text can hold NUL. An empty text is what nothing has, so a filter by it would find nothing without a word.
"""

from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from plaudit.common.text import shows

STORABLE_PATTERN: Final = r"^[^\x00]*$"
"""For documents: a NUL is refused wherever it stands, as `unreadable-text`."""


def _seen(text: str) -> str:
    if not shows(text):
        raise PydanticCustomError("shows_nothing", "Nothing of this text can be seen: write a few words")
    return text


SEEN: Final = AfterValidator(_seen)
"""Of texts that people have to give: refuses what nobody can see, as spaces and marks without a letter.

Rules of length stand before it."""
StorableText = Annotated[str, Field(json_schema_extra={"pattern": STORABLE_PATTERN})]
"""A text without NUL, of parameters whose other rules stand beside it."""
AnyText = Annotated[str, Field(min_length=1, json_schema_extra={"pattern": STORABLE_PATTERN})]
"""A text of at least one character, without NUL."""
