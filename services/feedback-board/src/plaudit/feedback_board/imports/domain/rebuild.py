"""The board as its log alone tells it: entries in, requests, votes, links and comments out.

What a rebuilt board does not have yet: followers, personas, responses, the changelog, duplicates that were rejected.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from plaudit.feedback_board.requests.domain.activity import Entry, Kind

Row = dict[str, Any]

WORDS: Final = ("title", "text", "slug", "subject", "persona", "author_name", "visibility")


@dataclass(slots=True)
class Board:
    """What was rebuilt."""

    requests: dict[UUID, Row] = field(default_factory=dict)
    parents: dict[UUID, UUID] = field(default_factory=dict)
    """Request → what it was merged into itself."""
    votes: dict[tuple[UUID, str], datetime] = field(default_factory=dict)
    links: set[tuple[UUID, UUID]] = field(default_factory=set)
    comments: dict[UUID, Row] = field(default_factory=dict)

    def root(self, request_id: UUID) -> UUID:
        """Return the request that speaks for one."""
        while request_id in self.parents:
            request_id = self.parents[request_id]
        return request_id

    def members(self, request_id: UUID) -> set[UUID]:
        """Return a root and all that is merged into it."""
        return {each for each in self.requests if self.root(each) == request_id}

    def rows(self) -> dict[str, dict[str, Row]]:
        """Return table → key → row, in the form that `differences` takes."""
        return {
            "requests": {
                str(key): {**row, "merged_into": self.root(key) if key in self.parents else None}
                for key, row in self.requests.items()
            },
            "votes": {f"{request_id} {person}": {"voted_at": at} for (request_id, person), at in self.votes.items()},
            "links": {f"{request_id} {review_id}": {} for request_id, review_id in self.links},
            "comments": {str(key): row for key, row in self.comments.items()},
        }


def rebuilt(entries: Iterable[Entry]) -> Board:
    """Return the board that a log tells of, whose entries are in their order."""
    board = Board()
    for entry in entries:
        change = _CHANGES.get(entry.kind)
        if change is not None:
            change(board, entry)
    return board


def differences(told: Mapping[str, Mapping[str, Row]], live: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """Return a sentence for each row, or value, in which the rebuilt board is not the live one. Values are not told."""
    found: list[str] = []
    for table in sorted({*told, *live}):
        rebuilt_rows, live_rows = told.get(table, {}), live.get(table, {})
        for key in sorted({*rebuilt_rows, *live_rows}):
            if key not in live_rows:
                found.append(f"{table} {key}: the log has it, and the board does not")
            elif key not in rebuilt_rows:
                found.append(f"{table} {key}: the board has it, and the log does not")
            else:
                names = {*rebuilt_rows[key], *live_rows[key]}
                apart = sorted(name for name in names if rebuilt_rows[key].get(name) != live_rows[key].get(name))
                found += [f"{table} {key}: {name} is another one in the log" for name in apart]
    return found


def _created(board: Board, entry: Entry) -> None:
    detail = entry.detail
    board.requests[entry.request_id] = {
        **{name: detail.get(name) for name in WORDS},
        "author_key": entry.person_key,
        "created_at": datetime.fromisoformat(detail["created_at"]) if "created_at" in detail else entry.at,
        "status": "open",
        "status_reason": None,
        "impact": None,
        "effort_weeks": None,
        "concern": None,
    }


def _set(*names: str) -> Callable[[Board, Entry], None]:
    """Return a change that takes these values from the detail, where it has them."""

    def change(board: Board, entry: Entry) -> None:
        board.requests[entry.request_id] |= {name: entry.detail[name] for name in names if name in entry.detail}

    return change


def _seen_by(visibility: str) -> Callable[[Board, Entry], None]:
    def change(board: Board, entry: Entry) -> None:
        board.requests[entry.request_id]["visibility"] = visibility

    return change


def _voted(board: Board, entry: Entry) -> None:
    if entry.person_key is not None:
        at = entry.detail.get("voted_at")
        board.votes[entry.request_id, entry.person_key] = entry.at if at is None else datetime.fromisoformat(at)


def _vote_withdrawn(board: Board, entry: Entry) -> None:
    for each in board.members(entry.request_id):
        board.votes.pop((each, str(entry.person_key)), None)


def _vote_adopted(board: Board, entry: Entry) -> None:
    for each in board.members(entry.request_id):
        at = board.votes.pop((each, entry.detail["visitor"]), None)
        if at is not None and entry.person_key is not None:
            board.votes.setdefault((each, entry.person_key), at)


def _posts_adopted(board: Board, entry: Entry) -> None:
    members, visitor = board.members(entry.request_id), entry.detail["visitor"]
    written = [board.requests[each] for each in members]
    written += [each for each in board.comments.values() if each["request_id"] in members]
    for each in written:
        if each["author_key"] == visitor:
            each["author_key"] = entry.person_key


def _merged(board: Board, entry: Entry) -> None:
    board.parents[entry.request_id] = UUID(entry.detail["into"])


def _unmerged(board: Board, entry: Entry) -> None:
    board.parents.pop(entry.request_id, None)


def _linked(board: Board, entry: Entry) -> None:
    board.links.add((entry.request_id, UUID(entry.detail["review_id"])))


def _unlinked(board: Board, entry: Entry) -> None:
    review_id = UUID(entry.detail["review_id"])
    board.links -= {(each, review_id) for each in board.members(entry.request_id)}


def _commented(board: Board, entry: Entry) -> None:
    detail = entry.detail
    board.comments[UUID(detail["comment_id"])] = {
        "request_id": entry.request_id,
        "author_key": entry.person_key,
        **{name: detail.get(name) for name in ("author_name", "by_staff", "text", "visibility")},
    }


def _comment_edited(board: Board, entry: Entry) -> None:
    names = ("text", "visibility")
    board.comments[UUID(entry.detail["comment_id"])] |= {name: entry.detail.get(name) for name in names}


def _comment_seen_by(visibility: str) -> Callable[[Board, Entry], None]:
    def change(board: Board, entry: Entry) -> None:
        board.comments[UUID(entry.detail["comment_id"])]["visibility"] = visibility

    return change


_CHANGES: Final[Mapping[Kind, Callable[[Board, Entry], None]]] = MappingProxyType(
    {
        Kind.CREATED: _created,
        Kind.EDITED: _set("title", "text", "visibility"),
        Kind.IMPORTED: _set("subject", "persona"),
        Kind.PUBLISHED: _seen_by("published"),
        Kind.REMOVED: _seen_by("removed"),
        Kind.STATUS_CHANGED: lambda board, entry: board.requests[entry.request_id].update(
            status=entry.detail["status"], status_reason=entry.detail["reason"]
        ),
        Kind.SIZED: _set("impact", "effort_weeks"),
        Kind.CONCERN_SET: _set("concern"),
        Kind.VOTED: _voted,
        Kind.VOTE_WITHDRAWN: _vote_withdrawn,
        Kind.VOTE_ADOPTED: _vote_adopted,
        Kind.POSTS_ADOPTED: _posts_adopted,
        Kind.MERGED: _merged,
        Kind.UNMERGED: _unmerged,
        Kind.REVIEW_LINKED: _linked,
        Kind.REVIEW_UNLINKED: _unlinked,
        Kind.COMMENT_CREATED: _commented,
        Kind.COMMENT_EDITED: _comment_edited,
        Kind.COMMENT_PUBLISHED: _comment_seen_by("published"),
        Kind.COMMENT_REMOVED: _comment_seen_by("removed"),
    }
)
