"""The jobs that publish scores: what has changed at once, what a tenant's profiles are now, and what the topic lacks.

Several processes may run them.
"""

import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from plaudit.common.db import Role, Tx
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import PeriodicJob, back_off_seconds
from plaudit.common.outbox import UnitOfWork
from plaudit.common.process import Resources
from plaudit.scoring.metrics import PUBLISH_WAIT_SECONDS, PUBLISHED
from plaudit.scoring.publishing import commands, store
from plaudit.scoring.publishing.commands import Done
from plaudit.scoring.publishing.domain import Cause, ScoreKey, before_first, is_recent, next_walk
from plaudit.scoring.settings import ScoringSettings

POLL_SECONDS: Final = 0.1
"""How long a change may wait before anybody looks."""
WALK_SUBJECTS: Final = 1_000
WALK_PAUSE_SECONDS: Final = 600.0
"""Between two walks over all subjects."""
PROFILES_PAUSE_SECONDS: Final = 1.0
"""How long a tenant's profiles may have changed before anybody looks."""
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 10.0
"""How long a subject whose sums are damaged is left alone, until they are summed anew; each time longer than before."""
MAX_LEFT_ALONE: Final = 50
"""Subjects at a time. Their marks stay the oldest: more of them could be all that a round looks at."""
_START: Final = ScoreKey("", "")


class LeftAlone:
    """Subjects whose sums are damaged: nobody looks at them again and again until they are summed anew."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Leave none alone."""
        self._now = monotonic
        self._found: dict[ScoreKey, tuple[int, float]] = {}
        """How often each was found to be damaged, and until when it is left alone."""

    def note(self, damaged: Collection[ScoreKey]) -> None:
        """Note what was found to be damaged now; each time in a row it is left alone for longer."""
        now = self._now()
        # What was not found again some time after its turn came is not damaged any more.
        self._found = {key: each for key, each in self._found.items() if each[1] + LONGEST_PAUSE_SECONDS > now}
        for key in damaged:
            times = self._found.get(key, (0, 0.0))[0] + 1
            if times > 1 or len(self._found) < MAX_LEFT_ALONE:
                self._found[key] = times, now + back_off_seconds(times, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)

    @property
    def subjects(self) -> Collection[ScoreKey]:
        """What is left alone now."""
        now = self._now()
        return [key for key, (_, until) in self._found.items() if until > now]


class PublishingJob(PeriodicJob):
    """Publishes scores whose sums have changed, or whose stars have by time alone."""

    def __init__(self, resources: Resources[ScoringSettings], monotonic: Callable[[], float] = time.monotonic) -> None:
        """Publish under the worker role.

        Args:
            resources: of the process.
            monotonic: a clock.
        """
        super().__init__("publishing", POLL_SECONDS)
        self._resources = resources
        self._database = resources.database(Role.WORKER)
        self._left_alone = LeftAlone(monotonic)
        self._told_at: dict[ScoreKey, datetime] = {}
        """Subject → when this process has published it, of those that are too recent for another event."""

    async def has_work(self) -> bool:
        """Return whether anything is marked or due."""
        return await self._database.holds(store.ANY_WORK)

    async def turn(self) -> int:
        """Publish one batch of each; return how many, if there may be more."""
        left_alone = self._left_alone.subjects
        async with self._database.transaction() as tx:
            marked = await commands.publish_marked(self._work(tx), self._told_at, left_alone)
            now = tx.now
            failpoint("publishing_before_commit")
        async with self._database.transaction() as tx:
            due = await commands.publish_due(self._work(tx), left_alone)
            failpoint("publishing_before_commit")
        self._left_alone.note({*marked.damaged, *due.damaged})
        self._told_at = {key: at for key, at in self._told_at.items() if is_recent(at, now)}
        self._told_at |= dict.fromkeys([*marked.published, *due.published], now)
        _count(marked, Cause.REVIEWS, now)
        _count(due, Cause.TIME, now)
        return sum(len(done.published) for done in (marked, due) if done.is_full)

    def _work(self, tx: Tx) -> UnitOfWork:
        return UnitOfWork(tx, self._resources.outbox, self._resources.ids)


class CompletionJob(PeriodicJob):
    """Walks over all subjects, and publishes the scores that the topic does not hold."""

    def __init__(self, resources: Resources[ScoringSettings]) -> None:
        """Publish under the worker role."""
        super().__init__("publishing-completion", WALK_PAUSE_SECONDS, max_age_seconds=WALK_PAUSE_SECONDS + 60)
        self._resources = resources
        self._database = resources.database(Role.WORKER)
        self._after = _START

    async def turn(self) -> int:
        """Look at the next subjects; return how many there were, and 0 at the end."""
        async with self._database.transaction() as tx:
            walked = await store.walk(tx, self._after, WALK_SUBJECTS)
            missing = [key for key, is_missing in walked.items() if is_missing]
            work = UnitOfWork(tx, self._resources.outbox, self._resources.ids)
            done = await commands.publish_missing(work, missing)
            now = tx.now
        _count(done, Cause.COMPLETION, now)
        is_end = len(walked) < WALK_SUBJECTS
        self._after = _START if is_end else list(walked)[-1]
        return 0 if is_end else len(walked)


class ProfilesJob(PeriodicJob):
    """Tells all subjects of a tenant anew when its own profiles are others: set, changed, deleted, or ready now.

    What it knows is gone with the process, and the next one walks again: it tells only what was told with others.
    """

    def __init__(self, resources: Resources[ScoringSettings]) -> None:
        """Publish under the worker role."""
        super().__init__("publishing-profiles", PROFILES_PAUSE_SECONDS)
        self._resources = resources
        self._database = resources.database(Role.WORKER)
        self._told: dict[str, int] = {}
        """Tenant → with which profiles all of its subjects were told, by `OwnProfiles.told`."""
        self._walking: tuple[ScoreKey, int] | None = None
        """After which subject the walk goes on, and for which profiles."""
        self._state: store.ProfilesState | None = None
        """What there was when it was looked last, and when nothing was left to do."""
        self._settled: store.ProfilesState | None = None

    async def has_work(self) -> bool:
        """Return whether a walk goes on, or any tenant's profiles may be others than those it was told with."""
        async with self._database.driver_transaction() as tx:
            self._state = await store.profiles_state(tx)
        return self._walking is not None or self._state != self._settled

    async def turn(self) -> int:
        """Tell the next subjects of one tenant; return how many it has looked at, 0 where nothing is left to do."""
        async with self._database.transaction() as tx:
            present = await store.present_profiles(tx)
            self._walking = next_walk(self._walking, self._told, present)
            if self._walking is None:
                self._settled = self._state
                return 0
            after, profiles = self._walking
            walked = await store.walk(tx, after, WALK_SUBJECTS, tenant_id=after.tenant_id)
            missing = [key for key, is_missing in walked.items() if is_missing]
            work = UnitOfWork(tx, self._resources.outbox, self._resources.ids)
            done = await commands.publish_missing(work, missing)
            failpoint("publishing_before_commit")
        _count(done, Cause.COMPLETION, tx.now)
        passed = before_first(walked, done.not_free)
        if len(passed) == len(walked) < WALK_SUBJECTS:
            self._told[after.tenant_id], self._walking = profiles, None
        elif passed:
            self._walking = passed[-1], profiles
        return len(passed)


def _count(done: Done, cause: Cause, now: datetime) -> None:
    PUBLISHED.labels(cause).inc(len(done.published))
    for marked_at in done.marked_at:
        PUBLISH_WAIT_SECONDS.observe(max(0.0, (now - marked_at).total_seconds()))
