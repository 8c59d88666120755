"""The search of requests by their words: an index of full text, which a job fills."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, text

from plaudit.common.db import Tx
from plaudit.feedback_board.requests.domain.words import MAX_SEARCHED_WORDS, search_query, words

MAX_LISTED: Final = 2_000
"""Requests that a search may find and still be listed by their ids: a list of more is read in its order, each request
being asked for its words, of which enough match."""
SEPARATOR: Final = "\x01"
"""Of words in a parameter; none holds it."""

FOUND: Final = "SELECT request_id FROM searched_requests WHERE words @@ $1::tsquery LIMIT $2"
"""Words stand behind their tenant's name, so that they are those of one tenant."""

# Behind OFFSET 0: it is asked of one request after the other, in the order of the list.
_HOLDS = """
EXISTS (
    SELECT FROM feedback_board.searched_requests AS searched
    WHERE searched.tenant_id = feedback_board.requests.tenant_id
      AND searched.request_id = feedback_board.requests.id AND searched.words @@ CAST(:searched_words AS tsquery)
    OFFSET 0
)
"""
_INDEX = """
INSERT INTO request_words (tenant_id, request_id, words, stems)
SELECT given.tenant_id, given.request_id, array_to_tsvector(string_to_array(given.words, E'\\x01')),
       coalesce(string_to_array(given.stems, E'\\x01'), '{}')
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) AS given (tenant_id, request_id, words, stems)
ON CONFLICT (tenant_id, request_id) DO UPDATE SET words = excluded.words, stems = excluded.stems
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    ids: frozenset[UUID] | None = None
    """All that was found; None where that is too many to be listed so."""
    condition: ColumnElement[Any] | None = None
    """What is true of all that was found, in place of their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """A request as it is indexed."""

    tenant_id: str
    request_id: UUID
    words: Sequence[str]
    stems: Sequence[str]
    """Of the title; without a blank or a sign."""


async def search(tx: Tx, tenant_id: str, searched: str) -> Found:
    """Search the requests of a tenant that have all words of a text; where none has, those that nearly have them.

    Of a text without words nothing is found.
    """
    wanted = words(searched)[:MAX_SEARCHED_WORDS]
    if not wanted:
        return Found(frozenset())
    for nearly in (False, True):
        query = search_query(tenant_id, wanted, nearly=nearly)
        rows = await tx.raw.fetch(FOUND, query, MAX_LISTED + 1)
        if len(rows) > MAX_LISTED:
            return Found(condition=holds(query))
        if rows:
            return Found(frozenset(row["request_id"] for row in rows))
    return Found(frozenset())


def holds(query: str) -> ColumnElement[Any]:
    """Return the condition that a request has the words of a query."""
    return text(_HOLDS).bindparams(searched_words=query)  # type: ignore[return-value]


async def index(tx: Tx, indexed: Sequence[Indexed]) -> None:
    """Store the words of requests in place of those that they had."""
    await tx.raw.execute(
        _INDEX,
        [each.tenant_id for each in indexed],
        [each.request_id for each in indexed],
        [SEPARATOR.join(each.words) for each in indexed],
        [SEPARATOR.join(each.stems) for each in indexed],
    )
