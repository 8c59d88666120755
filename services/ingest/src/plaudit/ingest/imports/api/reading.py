"""How a file is to be read, as the parameters of a request."""

from typing import Annotated, Final

from fastapi import Depends, Query
from pydantic import Field

from plaudit.common.http.texts import STORABLE_PATTERN
from plaudit.ingest.imports.domain import Wanted

MAX_STATED_CHARS: Final = 300
MAX_STATED: Final = 100

Stated = Annotated[str, Field(max_length=MAX_STATED_CHARS, json_schema_extra={"pattern": STORABLE_PATTERN})]


async def wanted(
    preset: Annotated[
        Stated | None,
        Query(description="Which platform wrote it; found by its header by default."),
    ] = None,
    map_: Annotated[
        list[Stated] | None,
        Query(
            alias="map",
            max_length=MAX_STATED,
            description="`field=column`, or `field=column|conversion`.",
        ),
    ] = None,
    set_: Annotated[
        list[Stated] | None,
        Query(alias="set", max_length=MAX_STATED, description="`field=value` for every review."),
    ] = None,
    under: Annotated[Stated, Query(description="Put every subject below this one.")] = "",
    encoding: Annotated[
        Stated | None,
        Query(description="Of a file without a mark, such as cp1252; UTF-8 by default."),
    ] = None,
    delimiter: Annotated[
        Stated | None,
        Query(description="One character, or `tab`; found by the header by default."),
    ] = None,
    zone: Annotated[
        Stated | None,
        Query(description="Of times without one, such as UTC or Europe/Berlin."),
    ] = None,
    dates: Annotated[Stated | None, Query(description="How to read 05/03/2024: dmy, mdy or ymd.")] = None,
    empty: Annotated[
        list[Stated] | None, Query(max_length=MAX_STATED, description="Words that stand for no value.")
    ] = None,
) -> Wanted:
    """Return how the file is to be read."""
    return Wanted(
        preset=preset,
        map=tuple(map_ or ()),
        set=tuple(set_ or ()),
        under=under,
        encoding=encoding,
        delimiter=delimiter,
        zone=zone,
        dates=dates,
        empty=tuple(empty or ()),
    )


Reading = Annotated[Wanted, Depends(wanted)]
