"""What the migration to days by all topics counts of reviews that are kept already."""

from collections.abc import Callable
from importlib import import_module

import pytest

from plaudit.common.contracts import ReviewState
from plaudit_testing.review_events import RESOLUTION

pytestmark = pytest.mark.postgres

STATEMENTS = import_module("plaudit.scoring.migrations.versions.0025_days_by_all_topics").STATEMENTS
COUNTED = """
SELECT * FROM scoring.insight_days WHERE (low, middle, high) <> (0, 0, 0)
ORDER BY tenant_id, prefix, persona, day, source_id
"""


async def test_days_are_counted_anew_as_the_consumer_counts_them(
    saying, said: Callable[..., ReviewState], superuser
) -> None:
    """Given complaints, praise and what lies between; when the table is made anew; then it holds the same."""
    await saying.new(
        said(1, topics=("delivery", "ads_privacy"), personas=("new_user",), severity="drastic", resolution=RESOLUTION),
        said(1, topics=("delivery",), personas=("new_user",)),
        said(2, "Why?", topics=()),
        said(3, topics=("price_fees",)),
        said(5, topics=("price_fees", "delivery")),
        said(5, ""),
    )
    await saying.lives(said(1), said(4), None)
    before = [tuple(row) for row in await superuser.fetch(COUNTED)]

    for statement in STATEMENTS:
        await superuser.execute(statement.replace("\\:", ":"))

    assert len(before) == 4
    assert [tuple(row) for row in await superuser.fetch(COUNTED)] == before


async def test_a_subject_all_of_whose_reviews_are_gone_stays_known(
    saying, said: Callable[..., ReviewState], superuser
) -> None:
    await saying.lives(said(1, topics=("delivery",)), None)
    await saying.new(said(5, subject="acme"))

    for statement in STATEMENTS:
        await superuser.execute(statement.replace("\\:", ":"))

    known = await superuser.fetch(
        "SELECT prefix, sum(low + middle + high) FROM scoring.insight_days GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in known] == [("acme", 1), ("acme/berlin", 0)]
