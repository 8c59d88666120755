"""The group commit of votes: those that come at the same time share a transaction, and each has its own outcome.

Votes for one request follow one another under its order key. One by one they would each wait for the commits of all
before them; a hundred together wait for one.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from plaudit.common.db import Database
from plaudit.common.group_commit import GroupCommit, Waiting
from plaudit.common.ids import IdSource
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.feedback_board.requests.commands import Outcome, request_key
from plaudit.feedback_board.votes import commands
from plaudit.feedback_board.votes.commands import Cast
from plaudit.feedback_board.votes.domain import Ballot

ANSWER_SECONDS: Final = 10.0
"""After which a vote that nothing is known of is answered: perhaps it was stored, and may be sent again."""
MAX_VOTES_PER_GROUP: Final = 500
MAX_WAITING_VOTES: Final = 4_000
_BALLOT_BYTES: Final = 500
"""What a ballot takes in memory, about."""


class _Waiting(Waiting[Ballot, Cast]):
    """A ballot whose sender awaits its outcome."""

    __slots__ = ("outcome",)

    def __init__(self, ballot: Ballot) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(ballot, rows=1, size_bytes=_BALLOT_BYTES, answer_by=loop.time() + ANSWER_SECONDS)
        self.outcome: asyncio.Future[Cast] = loop.create_future()

    def written(self, result: Cast) -> None:
        if not self.outcome.done():
            self.outcome.set_result(result)

    def failed(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)


class VoteWriter(GroupCommit[Ballot, Cast]):
    """Writes votes in groups."""

    def __init__(self, database: Database, outbox: Outbox, ids: IdSource) -> None:
        """Take the connections of the API, and what commands need besides them."""
        super().__init__(
            "votes",
            self._write_votes,
            max_rows_per_group=MAX_VOTES_PER_GROUP,
            max_waiting_items=MAX_WAITING_VOTES,
            flushers=1,  # a second group would only wait for the order key of the first, where one request is hot
        )
        self._database = database
        self._outbox = outbox
        self._ids = ids

    async def cast(self, ballot: Ballot) -> Outcome:
        """Count a vote, and return its outcome after it has committed.

        Raises:
            UnknownRequestError: no such request.
            VotingClosedError: the request is decided and the person has not voted for it.
            QueueFullError: too many votes wait already.
            StoppedError: the process is stopping.
            TimeoutError: the commit was not confirmed in time; perhaps it was done.
        """
        waiting = _Waiting(ballot)
        self.put(waiting)
        try:
            outcome = await waiting.outcome
        finally:
            waiting.answered = True
        if isinstance(outcome, Outcome):
            return outcome
        raise outcome

    async def _write_votes(self, group: Sequence[Ballot]) -> Sequence[Cast]:
        """Commit a group; return what became of each ballot, in order."""
        tenant_ids = sorted({ballot.tenant_id for ballot in group})
        order_keys = {request_key(ballot.tenant_id, ballot.request_id) for ballot in group}
        async with self._database.driver_transaction(*tenant_ids, order_keys=order_keys) as tx:
            return await commands.cast(UnitOfWork(tx, self._outbox, self._ids), group)
