"""Ratings around a marker, with cells and without, are what a computation from scratch over the events says."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from plaudit.common.contracts import Kind
from plaudit.scoring.markers import store
from plaudit.scoring.markers.domain.effect import windows
from plaudit_testing.lives import DAYS, START, Life, lived_by

pytestmark = pytest.mark.postgres


def rated(lives: Sequence[Life], subject: str, start: datetime, end: datetime, now: datetime) -> Counter[float]:
    """The ratings that were given from a start until an end, of reviews that stand now."""
    standing = [life.state(now, datetime.max.replace(tzinfo=UTC)) for life in lives]
    return Counter(
        each.rating
        for each in standing
        if each
        and each.kind in {Kind.STARS, Kind.THUMBS}
        and start <= each.rated_at < end
        and f"{each.subject}/".startswith(f"{subject}/")
    )


@pytest.mark.parametrize("has_cells", [False, True])
async def test_ratings_around_a_marker_are_those_of_the_reviews_that_stand(worker, bus, large, has_cells: bool) -> None:
    chance = random.Random(20261129)
    lives = await lived_by(bus, chance, 120, large if has_cells else None)

    async with worker.transaction() as tx:
        for days in (1, 7, 30, 90, 365, 365):
            at = START + timedelta(seconds=chance.randrange(DAYS * 86_400))
            for subject in ("acme", "acme/berlin", "globex"):
                spanned = windows(at, days, tx.now)
                found = await store.around(tx, "default", subject, spanned, {"stars", "thumbs"})
                assert found == (
                    rated(lives, subject, spanned.start, spanned.at, tx.now),
                    rated(lives, subject, spanned.at, spanned.end, tx.now),
                )
