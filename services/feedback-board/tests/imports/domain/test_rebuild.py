"""The board as its log tells it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from plaudit.feedback_board.imports.domain.rebuild import Board, differences, rebuilt
from plaudit.feedback_board.requests.domain.activity import Entry, Kind

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO, THREE, REVIEW, COMMENT = (UUID(int=number) for number in range(1, 6))


def board_of(*told: tuple[Kind, UUID, str | None, dict[str, Any]]) -> Board:
    created = [(Kind.CREATED, each, "anna", {"title": "A title", "visibility": "published"}) for each in (ONE, TWO, THREE)]
    return rebuilt(
        Entry(
            tenant_id="t", request_id=request_id, kind=kind, at=FIRST + timedelta(hours=number), actor="board",
            person_key=person, detail=detail,
        )
        for number, (kind, request_id, person, detail) in enumerate([*created, *told])
    )  # fmt: skip


def test_a_vote_that_an_import_says_is_as_old_as_it_says() -> None:
    board = board_of(
        (Kind.VOTED, ONE, "anna", {}),
        (Kind.VOTED, ONE, "bo", {"voted_at": "2025-01-02T00:00:00Z"}),
        (Kind.VOTED, ONE, None, {}),
    )
    assert board.votes == {
        (ONE, "anna"): FIRST + timedelta(hours=3),
        (ONE, "bo"): datetime(2025, 1, 2, tzinfo=UTC),
    }


def test_what_was_merged_into_a_request_goes_and_comes_with_it() -> None:
    merges = [(Kind.MERGED, TWO, None, {"into": str(ONE)}), (Kind.MERGED, ONE, None, {"into": str(THREE)})]
    board = board_of(*merges)
    assert {board.root(each) for each in (ONE, TWO, THREE)} == {THREE}
    board = board_of(*merges, (Kind.UNMERGED, ONE, None, {"into": str(THREE)}))
    assert [board.root(each) for each in (ONE, TWO, THREE)] == [ONE, ONE, THREE]


def test_a_vote_that_is_taken_back_is_taken_back_from_the_whole_set() -> None:
    board = board_of(
        (Kind.VOTED, TWO, "anna", {}),
        (Kind.MERGED, TWO, None, {"into": str(ONE)}),
        (Kind.VOTE_WITHDRAWN, ONE, "anna", {}),
    )
    assert board.votes == {}


@pytest.mark.parametrize("own", [True, False])
def test_a_vote_of_a_cookie_becomes_the_persons_unless_there_is_one(own: bool) -> None:
    board = board_of(
        (Kind.VOTED, ONE, "visitor:1", {}),
        *([(Kind.VOTED, ONE, "anna", {})] if own else []),
        (Kind.VOTE_ADOPTED, ONE, "anna", {"visitor": "visitor:1"}),
    )
    assert board.votes == {(ONE, "anna"): FIRST + timedelta(hours=4 if own else 3)}


def test_links_and_comments_are_told() -> None:
    said = {"comment_id": str(COMMENT), "text": "Yes", "by_staff": False, "visibility": "held", "author_name": None}
    board = board_of(
        (Kind.REVIEW_LINKED, ONE, None, {"review_id": str(REVIEW)}),
        (Kind.COMMENT_CREATED, ONE, "visitor:1", said),
        (Kind.COMMENT_PUBLISHED, ONE, None, {"comment_id": str(COMMENT)}),
        (Kind.POSTS_ADOPTED, ONE, "bo", {"visitor": "visitor:1"}),
    )
    assert board.links == {(ONE, REVIEW)}
    assert (board.comments[COMMENT]["visibility"], board.comments[COMMENT]["author_key"]) == ("published", "bo")


def test_each_difference_is_told_without_its_values() -> None:
    told = {"votes": {"a": {"voted_at": 1}, "b": {"voted_at": 2}}}
    live = {"votes": {"b": {"voted_at": 7}, "c": {"voted_at": 3}}}
    assert differences(told, told) == []
    assert differences(told, live) == [
        "votes a: the log has it, and the board does not",
        "votes b: voted_at is another one in the log",
        "votes c: the board has it, and the log does not",
    ]
