"""The examples of the API reference are what scoring answers."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit.common.process import Resources
from plaudit.scoring.main import build
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.reference import Reference
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres


async def test_every_operation_answers_as_its_example_says(
    resources: Resources[ScoringSettings], api: httpx.AsyncClient, bus, client_of
) -> None:
    app = build(resources).app
    assert app is not None
    reference = Reference(app.openapi())
    rated_at = datetime.now(UTC)
    await bus.tell(None, review_state(rating=5.0, subject="acme", rated_at=rated_at))
    await reference.check(api, "list_scores")
    await reference.check(api, "read_score", ids={"subject": "acme"})
    asked = {"subject": "acme", "rating": "5", "rated_at": rated_at.isoformat()}
    await reference.check(api, "read_effects", params=asked)
    day = {"subject": "acme", "from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    await reference.check(api, "read_series", params=day)
    in_a_day = (rated_at + timedelta(days=1)).isoformat()
    await reference.check(api, "read_figures", ids={"subject": "acme"}, params={"at": in_a_day})
    await reference.check(api, "rank_subjects")
    writer = await client_of("default", "scores:read", "markers:write")
    marker = await reference.check(writer, "create_marker", headers={"idempotency-key": "k-1"})
    await reference.check(writer, "list_markers")
    ids = {"marker_id": marker["id"]}
    await reference.check(writer, "get_marker", ids=ids)
    await reference.check(writer, "read_marker_effect", ids=ids)
    await reference.check(writer, "delete_marker", ids=ids)
    reference.assert_all_are_checked()
