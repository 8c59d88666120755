"""Of a large subject, cells tell how scores moved as the ledger does: for frozen profiles and weighted sources, too."""

import random
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import pytest

from plaudit.scoring.cells import store as cells
from plaudit.scoring.profiles.domain import RECENT, TRUST, Profile
from plaudit.scoring.series import store
from plaudit.scoring.series.domain import Point, Step, points, spans
from plaudit_testing.lives import SOURCES, START, lived_by

pytestmark = pytest.mark.postgres

FROZEN = replace(TRUST, name="frozen", is_frozen=True)
WEIGHTED = replace(RECENT, name="weighted", source_weights={SOURCES[0].id: 0.25})


@pytest.mark.parametrize("profiles", [[FROZEN], [WEIGHTED, RECENT]], ids=["frozen", "weighted"])
async def test_cells_tell_what_the_ledger_tells(
    worker, bus, large, monkeypatch: pytest.MonkeyPatch, profiles: list[Profile]
) -> None:
    chance = random.Random(11)
    await lived_by(bus, chance, 100, large)

    async def has_none(*_: object) -> bool:
        return False

    async def read(tx, subject: str, step: Step, zone: str) -> list[list[Point]]:
        start = START + timedelta(days=600, hours=9)
        cut = spans(start, start + timedelta(days=900), step, ZoneInfo(zone))
        moved = await store.moved(tx, "default", subject, cut, profiles, as_known=False)
        assert moved is not None
        of = [moved[each.half_life_us] for each in profiles]
        return [[*points(each, m.before, m.changes, cut)] for each, m in zip(profiles, of, strict=True)]

    async with worker.transaction() as tx:
        for subject in ("acme", "globex"):
            for step, zone in ((Step.DAY, "America/New_York"), (Step.WEEK, "UTC"), (Step.MONTH, "Asia/Tokyo")):
                found = await read(tx, subject, step, zone)
                with monkeypatch.context() as without:
                    without.setattr(cells, "is_celled", has_none)
                    wanted = await read(tx, subject, step, zone)
                for one, other in zip(chain(*found), chain(*wanted), strict=True):
                    assert (one.new_reviews, one.score.distribution) == (other.new_reviews, other.score.distribution)
                    assert one.score.value == pytest.approx(other.score.value, rel=1e-9)
