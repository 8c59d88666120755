"""Texts as parameters that are looked up as they are: any but an empty one, and one with NUL.

No database text can hold NUL. An empty text is what nothing has, so a filter by it would find nothing without a word.
"""

from typing import Annotated, Final

from pydantic import Field

STORABLE_PATTERN: Final = r"^[^\x00]*$"
"""For documents: a NUL is refused wherever it stands, as `unreadable-text`."""

StorableText = Annotated[str, Field(json_schema_extra={"pattern": STORABLE_PATTERN})]
"""A text without NUL, of parameters whose other rules stand beside it."""
AnyText = Annotated[str, Field(min_length=1, json_schema_extra={"pattern": STORABLE_PATTERN})]
"""A text of at least one character, without NUL."""
