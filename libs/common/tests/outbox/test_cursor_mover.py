"""How the stored cursor follows the acknowledgements, without a database."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from plaudit.common.db import Database
from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox.cursor import Cursor, SupersededError
from plaudit.common.outbox.cursor_mover import MAX_ROWS_BEHIND, CursorMover
from plaudit.common.outbox.reader import CHUNK_ROWS

NO_DATABASE = cast("Database", None)


def cursor(number: int) -> Cursor:
    return Cursor(number, 0, 1, {}, {})


@dataclass
class Moves:
    """Stands for the stored row."""

    at: list[int] = field(default_factory=list)
    error: Exception | None = None

    async def move(self, _database: Any, before: Cursor, after: Cursor) -> None:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        assert before.xid == (self.at[-1] if self.at else 0)
        self.at.append(after.xid)


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> Moves:
    stored = Moves()
    monkeypatch.setattr(cursors, "move", stored.move)
    return stored


async def send(mover: CursorMover, number: int, rows: int) -> None:
    await mover.make_room(rows)
    mover.acknowledge(cursor(number))


async def test_a_trickle_moves_it_now_and_then_and_a_stop_moves_it_to_the_end(moves: Moves) -> None:
    mover = CursorMover(NO_DATABASE, cursor(0))
    for number in range(1, 101):
        await send(mover, number, 1)
        await asyncio.sleep(0)
    assert len(moves.at) < 50
    await mover.settle()
    assert moves.at[-1] == mover.stored.xid == 100


async def test_it_never_lags_by_more_rows_than_it_may(moves: Moves) -> None:
    mover = CursorMover(NO_DATABASE, cursor(0))
    for number in range(1, 21):
        await send(mover, number, CHUNK_ROWS)
        lag = (number - mover.stored.xid) * CHUNK_ROWS
        assert lag <= MAX_ROWS_BEHIND
    await mover.settle()
    assert moves.at == sorted(moves.at)


async def test_what_a_move_failed_with_comes_out_at_the_next_turn(moves: Moves) -> None:
    mover = CursorMover(NO_DATABASE, cursor(0))
    moves.error = SupersededError()
    await send(mover, 1, CHUNK_ROWS)
    await asyncio.sleep(0.01)
    with pytest.raises(SupersededError):
        mover.tick()


async def test_a_move_that_is_given_up_leaves_the_cursor_where_it_is(moves: Moves) -> None:
    mover = CursorMover(NO_DATABASE, cursor(0))
    await send(mover, 1, CHUNK_ROWS)
    await mover.cancel()
    assert mover.stored.xid == 0
    assert moves.at == []
