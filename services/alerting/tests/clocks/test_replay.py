"""A clock's state is the replay of its log, whatever happens to it and in whatever order it is read."""

from random import Random

import msgspec
import pytest

from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.commands import rules_of
from plaudit.alerting.clocks.domain.run import fold
from plaudit.alerting.timers import commands as timers
from plaudit.common.contracts import Resolution
from plaudit_testing.clocks import answered, at, drastic, rated, review
from plaudit_testing.runtime import short_and_long

pytestmark = pytest.mark.postgres

STEPS = 16
CHANGES = ("answer", "lower", "raise", "write", "drastic", "unanswer", "remove", "resolve")
ORDERS = ("pause", "pause", "resume", "move", "fulfil")


def changed(state, change, when):
    """What becomes of a review; one that is gone is back first."""
    state = state or review()
    settled = Resolution(disposition="justified", outcome="refunded", resolved_at=when)
    return {
        "answer": answered(state, when),
        "lower": rated(state, 1.0, when),
        "raise": rated(state, 4.0, when),
        "write": msgspec.structs.replace(state, text=f"At {when}.", edited_at=when),
        "drastic": drastic(state),
        "unanswer": msgspec.structs.replace(state, answer=None),
        "remove": None,
        "resolve": msgspec.structs.replace(state, resolution=None if state.resolution else settled),
    }[change]


class Life:
    """One review, to which all kinds of things happen; some of it is read late, and some twice."""

    def __init__(self, stage, client, seed):
        self.stage, self.client, self.luck = stage, client, Random(seed)
        self.review_id = f"review-{seed}"
        self.state, self.unread, self.read = None, [], []

    async def goes_on(self, step):
        hours = step * self.luck.choice((1, 5))
        await self.stage.move_to(at(hours))
        what = self.luck.choice((*CHANGES, *ORDERS, "wait", "wait", "read late", "read again"))
        if what in CHANGES:
            await self.changes(what, at(hours))
        elif what in ORDERS:
            await self._is_ordered(what, at(hours - 0.5))
        elif what == "wait":
            await self.stage.fires()
        elif what == "read again" and self.read:
            await self.stage.reads([self.luck.choice(self.read)])
        elif what == "read late":
            await self.reads_all()

    async def changes(self, what, when):
        before, self.state = self.state, changed(self.state, what, when)
        if before is None and self.state is None:
            self.state = review()
        self.unread.append(self.stage.record(before, self.state, when, self.review_id))
        if self.luck.random() < 0.7:
            await self.reads_all()

    async def reads_all(self):
        if self.unread:
            await self.stage.reads(self.unread)
            self.read += self.unread
            self.unread = []

    async def clocks(self):
        """The keys of its clocks."""
        rows = await self.stage.rows("SELECT id FROM clocks WHERE review_id = $1", self.review_id)
        return [("default", row["id"]) for row in rows]

    async def _is_ordered(self, what, when):
        for _, clock_id in await self.clocks():
            body = {"happened_at": when.isoformat(), "note": "done"} if what == "fulfil" else {"reason": "so"}
            answer = await self.client.post(f"/v1/clocks/{clock_id}/{what}", json=body)
            assert answer.status_code in {200, 409}, answer.text


async def is_replay(life):
    """Compare every clock with the fold of its log, and its timers with those that the log asks for."""
    keys = await life.clocks()
    async with life.stage.worker.transaction() as tx:
        known = await store.load(tx, keys)
        rules = await rules_of(tx, {"default"}, known.values())
        for key, clock in known.items():
            log = await store.log_of(tx, *key)
            assert fold([event for event, _ in log], rules.of("default")) == clock.run
        assert await timers.differing(tx, keys) == {}


@pytest.mark.parametrize("lives", short_and_long(12, 400))
async def test_every_clock_is_the_replay_of_its_log_and_has_the_timers_that_it_asks_for(stage, lives):
    client = await stage.client()
    for seed in range(lives):
        life = Life(stage, client, seed)
        await life.changes("lower", at(0))
        for step in range(1, STEPS):
            await life.goes_on(step)
            await is_replay(life)
        await life.reads_all()
        await stage.move_to(at(2_000))
        await stage.fires()
        await is_replay(life)
        await stage.happens(life.state or review(), None, at(2_001), review_id=life.review_id, kind="review.erased")
        await is_replay(life)
    assert await stage.rows("SELECT FROM clocks WHERE waiting") == []
    kinds = {row["kind"] for row in await stage.rows("SELECT DISTINCT kind FROM clock_events")}
    assert kinds >= {
        *("started", "warned", "breached", "paused", "resumed", "pause_overlapped", "fulfilled", "cancelled"),
    }
