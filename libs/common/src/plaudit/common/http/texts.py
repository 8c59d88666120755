"""Texts as parameters that are looked up as they are: any but one with NUL, which no database text can hold."""

from typing import Annotated, Final

from pydantic import Field

STORABLE_PATTERN: Final = r"^[^\x00]*$"
"""For documents: a NUL is refused wherever it stands, as `unreadable-text`."""

AnyText = Annotated[str, Field(json_schema_extra={"pattern": STORABLE_PATTERN})]
"""A text without NUL."""
