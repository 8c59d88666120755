"""The examples of the API reference are what scoring answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.process import Resources
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.main import build
from plaudit.scoring.publishing.jobs import PublishingJob
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.answered import answer
from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.reference import Reference
from plaudit_testing.review_events import RESOLUTION, pending_envelope, review_state

pytestmark = pytest.mark.postgres


@pytest.fixture
def more_settings() -> dict[str, Any]:
    return {"kafka_bootstrap_servers": NO_KAFKA, "public_url": "https://plaudit.example"}


async def test_every_operation_answers_as_its_example_says(
    resources: Resources[ScoringSettings], api: httpx.AsyncClient, bus, client_of
) -> None:
    app = build(resources).app
    assert app is not None
    reference = Reference(app.openapi())
    rated_at = datetime.now(UTC)
    fresh = review_state(rating=5.0, subject="acme", rated_at=rated_at)
    await bus.tell(None, fresh, time=rated_at)
    await bus.give(INSIGHT, pending_envelope(None, fresh, time=rated_at), sequence=1)
    await reference.check(api, "list_scores")
    await reference.check(api, "read_score", ids={"subject": "acme"})
    asked = {"subject": "acme", "rating": "5", "rated_at": rated_at.isoformat()}
    await reference.check(api, "read_effects", params=asked)
    explained = await reference.check(api, "explain_score", ids={"subject": "acme"})
    assert explained["change"] == pytest.approx(explained["ageing"] + explained["parts"][0]["effect"], abs=1e-12)
    await reference.check(api, "project_score", ids={"subject": "acme"})
    writer = await client_of("default", "scores:read", "scores:write")
    for operation_id in ("put_badge", "read_badge"):
        await reference.check(writer, operation_id, ids={"subject": "acme"})
    await reference.check(writer, "list_badges")
    await reference.check(writer, "delete_badge", ids={"subject": "acme"})
    await reference.check(writer, "choose_badge_profile")
    await reference.check(writer, "read_badge_profile")
    await writer.put("/v1/badge-profile", json={"profile": "trust"})
    late = review_state(
        1,
        "acme",
        topics=("delivery",),
        resolution=RESOLUTION,
        title=None,
        text="The parcel came late and nobody answered.",
    )
    await bus.give(INSIGHT, pending_envelope(None, late), sequence=2)
    days = {"from": "2026-02-17", "to": "2026-03-03"}
    await reference.check(api, "read_insight", ids={"subject": "acme"}, params=days)
    job = PublishingJob(resources)
    await job.turn()
    await reference.check(api, "read_score_events", params={"subject": "acme"})
    day = {"subject": "acme", "from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    await reference.check(api, "read_series", params=day)
    await reference.check(api, "read_figure_series", params={**day, "figure": "nps"})
    soon = answer(rated_at + timedelta(hours=2))
    answered = review_state(rating=5.0, subject="acme", rated_at=rated_at, published_at=rated_at, answer=soon)
    await bus.give(ANSWERS, pending_envelope(None, answered, time=rated_at), sequence=1)
    in_a_day = (rated_at + timedelta(days=1)).isoformat()
    await reference.check(api, "read_figures", ids={"subject": "acme"}, params={"at": in_a_day})
    await reference.check(api, "rank_subjects")
    marking = await client_of("default", "scores:read", "markers:write")
    marker = await reference.check(marking, "create_marker", headers={"idempotency-key": "k-1"})
    await reference.check(marking, "list_markers")
    ids = {"marker_id": marker["id"]}
    await reference.check(marking, "get_marker", ids=ids)
    await reference.check(marking, "read_marker_effect", ids=ids)
    await reference.check(marking, "delete_marker", ids=ids)
    await check_profiles(reference, await client_of("default", "scores:read", "scores:write"))
    reference.assert_all_are_checked()


async def check_profiles(reference: Reference, writer: httpx.AsyncClient) -> None:
    own = {"profile_name": "fast"}
    await reference.check(writer, "set_profile", ids=own)
    await reference.check(writer, "read_profile", ids=own)
    await reference.check(writer, "list_profiles")
    await reference.check(writer, "list_profile_revisions", ids=own)
    await reference.check(writer, "delete_profile", ids=own)


def test_every_body_has_a_name_of_its_own_in_the_reference(resources: Resources[ScoringSettings]) -> None:
    app = build(resources).app
    assert app is not None
    # Of two that have one name, the framework makes names of the paths of their modules.
    assert [name for name in app.openapi()["components"]["schemas"] if "__" in name] == []
