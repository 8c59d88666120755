"""Real reviews through both groups: every figure of any moment is what a computation from scratch says."""

import math
import random
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from plaudit.common.db import Database
from plaudit.scoring.cells.jobs import CellsJob
from plaudit.scoring.filling.jobs import HalfLivesJob
from plaudit_testing import real_lives
from plaudit_testing.oracle import instant, microseconds
from plaudit_testing.playing import PARTITIONS, Play, time_of, work
from plaudit_testing.real_lives import DAY_US, LAST_US, STARS, Oracle, Rules
from plaudit_testing.shared import shared

pytestmark = pytest.mark.postgres

INSTANTS = 20
DATA = {
    "rentals": (real_lives.rows_of_rentals, "rental", "rental/turo", "01956d00-0000-7000-8000-000000000100"),
    "firefox": (real_lives.rows_of_firefox, "apps", "apps/firefox/fr", "01956d00-0000-7000-8000-000000000200"),
}
"""Name → rows, the whole, a subject below it, a source."""
OWN = Rules(
    half_life_days=77.25,
    prior_weight=3.0,
    prior_value=2.5,
    unverified_weight=0.5,
    origin_weights={"invited": 0.7},
    source_weights={"01956d00-0000-7000-8000-000000000100": 0.25},
)
RULES = {
    "trust": Rules(half_life_days=182.5),
    "recent": Rules(half_life_days=30.0),
    "lifetime": Rules(),
    "own": OWN,
    "stepwise": Rules(half_life_days=182.5, is_frozen=True),
}


def near(value: float | None) -> object:
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)


class Asked:
    """Asks over HTTP, and compares what is said with the oracle."""

    def __init__(self, api: httpx.AsyncClient, oracle: Oracle) -> None:
        self.api = api
        self.oracle = oracle

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        answer = await self.api.get(path, params={key: value for key, value in params.items() if value is not None})
        assert answer.status_code == 200, (path, params, answer.text)
        body: dict[str, Any] = answer.json()
        return body

    def truth(self, profile: str, subject: str, at_us: int, known_us: int, **of: str | None) -> object:
        """Score, distribution and effective number; `of`: the source and the origin alone, if given."""
        rules = RULES[profile]
        stands = self.oracle.standing(subject, at_us, known_us, **of)
        read_us = at_us
        if rules.is_frozen:
            ever = self.oracle.standing(subject, at_us, known_us, **of, ever=True)
            read_us = min(at_us, real_lives.newest_us(ever))
        return (
            near(real_lives.score(rules, stands, read_us)),
            real_lives.distribution(stands),
            near(real_lives.effective(rules, stands, read_us)),
        )

    async def scores(self, subject: str, at_us: int | None, known_us: int | None, **of: str | None) -> None:
        """By every profile, at a moment."""
        for profile in RULES:
            told = await self.get(
                f"/v1/scores/{subject}",
                profile=profile,
                **of,
                at=None if at_us is None else time_of(at_us),
                known_at=None if known_us is None else time_of(known_us),
            )
            seen = (told["score"], told["distribution"], told["effective_reviews"])
            moment = microseconds(instant(told["at"]))
            known = moment if known_us is None and at_us is None else LAST_US if known_us is None else known_us
            assert seen == self.truth(profile, subject, moment, known, **of), (profile, subject, at_us, known_us, of)
            assert told["count"] == sum(told["distribution"].values())

    async def explanation(self, profile: str, subject: str, from_us: int, to_us: int) -> None:
        """Its two scores are those that were shown, its ageing is ageing, and its parts add up."""
        told = await self.get(
            f"/v1/score-explanations/{subject}",
            **{"profile": profile, "from": time_of(from_us), "to": time_of(to_us)},
        )
        first, second = (self.oracle.standing(subject, us, us) for us in (from_us, to_us))
        rules, ends = RULES[profile], []
        for standing, stands, us in ((told["before"], first, from_us), (told["after"], second, to_us)):
            wanted = real_lives.score(rules, stands, us)
            assert standing["score"] == near(wanted)
            assert standing["count"] == sum(real_lives.distribution(stands).values())
            ends.append(rules.prior_value if wanted is None else wanted)
        aged = real_lives.score(rules, first, to_us)
        assert told["ageing"] == pytest.approx((rules.prior_value if aged is None else aged) - ends[0], abs=1e-9)
        for parts in (told["parts"], told["sources"]):
            total = math.fsum([told["ageing"], *(each["effect"] for each in parts)])
            assert total == pytest.approx(ends[1] - ends[0], abs=1e-9)
        assert told["change"] == pytest.approx(ends[1] - ends[0], abs=1e-9)

    async def series(self, subject: str, from_us: int, to_us: int, *, known: bool) -> int:
        """Every point of every profile that has them; return how many there were."""
        profiles = ["trust", "recent", "lifetime", "stepwise"]
        told = await self.get(
            "/v1/score-series",
            **{
                "subject": subject,
                "profile": profiles,
                "step": "week",
                "timezone": "America/New_York",
                "known": str(known).lower(),
                "from": time_of(from_us),
                "to": time_of(to_us),
            },
        )
        assert [each["profile"] for each in told["items"]] == profiles
        for item in told["items"]:
            for point in item["points"]:
                start_us, end_us = (microseconds(instant(point[name])) for name in ("from", "to"))
                last_us = end_us - 1
                known_us = last_us if known else LAST_US
                seen = (point["score"], point["distribution"], point["effective_reviews"])
                assert seen == self.truth(item["profile"], subject, last_us, known_us), (item["profile"], point)
                stands = self.oracle.standing(subject, last_us, known_us)
                rated = [each for each in stands if each.kind in STARS and start_us <= each.rated_us < end_us]
                assert point["new_reviews"] == len(rated)
        return sum(len(each["points"]) for each in told["items"])

    async def figures(
        self, subject: str, at_us: int, known_us: int | None = None, source_id: str | None = None
    ) -> None:
        """Those beside the score, by the profile `trust`."""
        told = await self.get(
            f"/v1/score-figures/{subject}",
            at=time_of(at_us),
            known_at=None if known_us is None else time_of(known_us),
            source_id=source_id,
        )
        known_us = LAST_US if known_us is None else known_us
        rules, stands = RULES["trust"], self.oracle.standing(subject, at_us, known_us, source_id=source_id)
        stars = [each for each in stands if each.kind in STARS]
        of_score = (told["score"], told["distribution"], told["effective_reviews"])
        assert of_score == self.truth("trust", subject, at_us, known_us, source_id=source_id)
        positive, negative = (sum(each.rating >= 3.5 for each in stars), sum(each.rating < 2.5 for each in stars))
        assert (told["positive"], told["negative"]) == (positive, negative)
        assert told["positive_to_negative"] == near(positive / negative if negative else None)
        for kind, value in (("nps", real_lives.nps), ("csat", real_lives.csat), ("ces", real_lives.ces)):
            replies = [each for each in stands if each.kind == kind]
            seen = told[kind] and (told[kind]["value"], told[kind]["count"])
            wanted = real_lives.mean(rules, replies, at_us, value)
            assert seen == (None if wanted is None else (pytest.approx(wanted, rel=1e-9, abs=1e-9), len(replies)))
        organic = [each for each in stars if each.origin == "organic"]
        assert told["organic"]["count"] == len(organic)
        assert told["organic"]["score"] == near(real_lives.score(rules, organic, at_us))
        assert told["organic"]["effective_reviews"] == near(real_lives.effective(rules, organic, at_us))
        for each in told["by_source"]:
            of_source = [stand for stand in stars if stand.source_id == each["source_id"]]
            assert (each["count"], each["score"]) == (
                len(of_source),
                near(real_lives.score(rules, of_source, at_us)),
            )
        assert {each["source_id"] for each in told["by_source"]} == {each.source_id for each in stars}
        ages = [at_us - each.rated_us for each in stars]
        assert told["velocity"] == {
            "last_30_days": sum(age < 30 * DAY_US for age in ages),
            "the_30_days_before": sum(30 * DAY_US <= age < 60 * DAY_US for age in ages),
        }
        if stars:
            median_us = real_lives.median_age_us(rules, stars, at_us)
            assert told["freshness"]["median_weight_age_days"] == pytest.approx(median_us / DAY_US)
            assert told["freshness"]["newest_age_days"] == pytest.approx(min(ages) / DAY_US)
            total = math.fsum(rules.weight(each, at_us) for each in stars)
            for days in (30, 90):
                young = math.fsum(rules.weight(s, at_us) for s in stars if at_us - s.rated_us < days * DAY_US)
                assert told["freshness"][f"weight_younger_than_{days}_days"] == pytest.approx(young / total, abs=1e-9)
        else:
            assert told["freshness"] is None


async def make_profiles(writer: httpx.AsyncClient) -> None:
    own = {
        "half_life_days": OWN.half_life_days,
        "prior_weight": OWN.prior_weight,
        "prior_value": OWN.prior_value,
        "kinds": sorted(STARS),
        "unverified_weight": OWN.unverified_weight,
        "origin_weights": OWN.origin_weights,
        "source_weights": OWN.source_weights,
    }
    stepwise = {"half_life_days": 182.5, "prior_weight": 7.0, "prior_value": 3.5, "kinds": sorted(STARS)}
    for name, parameters in (("own", own), ("stepwise", stepwise | {"is_frozen": True})):
        answer = await writer.put(f"/v1/score-profiles/{name}", json=parameters)
        assert answer.is_success, answer.text


@pytest.mark.parametrize("name", DATA)
async def test_every_figure_of_real_reviews_at_any_moment_is_what_a_computation_from_scratch_says(
    client_of: Callable[..., Awaitable[httpx.AsyncClient]], worker: Database, superuser: Any, name: str
) -> None:
    rows, whole, below, source_id = DATA[name]
    chance = random.Random(f"20261129 {name}")
    steps = real_lives.lives(rows(shared("data")), seed=20261129)
    writer = await client_of("default", "scores:read", "scores:write")
    play, filling, cells = Play(worker, chance), HalfLivesJob(worker, PARTITIONS), CellsJob(worker)
    await play.begin()
    some, more = len(steps) // 2, len(steps) * 3 // 4

    await play.told(steps[:some])
    await make_profiles(writer)
    await work(filling)
    await play.told(steps[some:more])
    await superuser.execute(
        "INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ('default', $1) ON CONFLICT DO NOTHING", whole
    )
    await work(cells)
    await play.told(steps[more:])
    await superuser.execute("UPDATE scoring.half_lives SET next_turn_at = now() - interval '1 second'")
    await work(filling)

    asked = Asked(writer, Oracle(steps))
    for subject in (whole, below):
        await asked.scores(subject, None, None)
    await asked.scores(whole, None, None, source_id=source_id)
    await asked.scores(whole, None, None, origin="organic")
    first_us = min(step.known_us for step in steps)
    for _ in range(INSTANTS):
        at_us, known_us, other_us = sorted(chance.randrange(first_us, LAST_US) for _ in range(3))
        chance_us = chance.choice([at_us, other_us])
        for subject, of in (
            (whole, {}),
            (below, {}),
            (whole, {"source_id": source_id}),
            (whole, {"origin": "organic"}),
        ):
            await asked.scores(subject, chance_us, None, **of)
            await asked.scores(subject, None, chance_us, **of)
            await asked.scores(subject, at_us, known_us, **of)
            await asked.scores(subject, known_us, at_us, **of)
        await asked.figures(chance.choice([whole, below]), chance_us)
        await asked.figures(chance.choice([whole, below]), *chance.choice([(at_us, known_us), (known_us, at_us)]))
        await asked.figures(whole, chance_us, source_id=source_id)
        for profile in ("trust", "recent", "lifetime", "own"):
            await asked.explanation(profile, chance.choice([whole, below]), at_us, known_us)
    begin_us = chance.randrange(first_us, LAST_US - 400 * DAY_US)
    for known in (False, True):
        assert await asked.series(whole, begin_us, begin_us + 160 * DAY_US, known=known) >= 4 * 22
