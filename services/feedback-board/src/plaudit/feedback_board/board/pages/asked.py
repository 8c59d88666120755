"""Which list of requests is asked for: search, filters, order and page. All of it is in the address."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query

from plaudit.common.http import Cursor
from plaudit.common.text import one_line
from plaudit.feedback_board.requests.domain.order import Order
from plaudit.feedback_board.requests.domain.status import UNDECIDED, Status
from plaudit.feedback_board.requests.domain.text import PERSONA_MAX_CHARACTERS
from plaudit.feedback_board.requests.domain.words import MAX_SEARCHED_CHARACTERS

SEARCH_MAX_CHARACTERS: Final = MAX_SEARCHED_CHARACTERS
CURSOR_TYPES: Final[dict[Order, type[tuple[Any, ...]]]] = {
    Order.PRIORITY: tuple[int, int, int, int, UUID],
    Order.VOTES: tuple[int, int, int, UUID],
    Order.TRENDING: tuple[int, int, UUID],
    Order.NEWEST: tuple[int, UUID],
}
"""Order → the type of its sort key; the orders that the pages offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A list of requests, as the address of a page asks for it."""

    board_path: str
    q: str = ""
    status: Status | Literal["all", ""] = ""
    """Empty for the undecided ones."""
    persona: str = ""
    sort: Order = Order.PRIORITY
    cursor: str = ""

    def on(self, board_path: str) -> "Asked":
        """Return the same list at a path."""
        return replace(self, board_path=board_path)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The statuses to list; empty for all."""
        if isinstance(self.status, Status):
            return (self.status,)
        # Who searches wants to know of what is decided, too.
        return () if self.status == "all" or self.q else UNDECIDED

    @property
    def is_search(self) -> bool:
        """Whether it is more narrow than a status."""
        return bool(self.q or self.persona)

    @property
    def is_front(self) -> bool:
        """Whether nothing is asked for: the front page of the board."""
        return not self._query()

    @property
    def of(self) -> str:
        """What the cursors of this list belong to."""
        return f"{self.board_path}?{urlencode(self._query(cursor=''))}"

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of a form that comes back to this list."""
        query = urlencode(self._query())
        return {"list": query} if query else {}

    def address(self, **changed: str) -> str:
        """Return the address of this list with something changed: at its first page unless that says which."""
        query = urlencode(self._query(**{"cursor": "", **changed}))
        return f"{self.board_path}{'?' if query else ''}{query}#open-requests"

    def _query(self, **changed: str) -> dict[str, str]:
        query = {
            "q": self.q,
            "status": str(self.status),
            "persona": self.persona,
            "sort": "" if self.sort is Order.PRIORITY else str(self.sort),
            "cursor": self.cursor,
            **{name: str(value) for name, value in changed.items()},
        }
        if query["sort"] == Order.PRIORITY:
            query["sort"] = ""
        return {name: value for name, value in query.items() if value}


async def asked_for(
    q: Annotated[str, Query(max_length=SEARCH_MAX_CHARACTERS)] = "",
    status: Status | Literal["all", ""] = "",
    persona: Annotated[str, Query(max_length=PERSONA_MAX_CHARACTERS)] = "",
    sort: Order = Order.PRIORITY,
    cursor: Cursor = None,
) -> Asked:
    """Return which list the address asks for; the path of the board is set by the page."""
    return Asked(board_path="", q=one_line(q), status=status, persona=one_line(persona), sort=sort, cursor=cursor or "")


AskedFor = Annotated[Asked, Depends(asked_for)]
