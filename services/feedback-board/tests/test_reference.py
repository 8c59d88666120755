"""The examples of the API reference are what the board answers."""

from typing import Any

import httpx
import pytest

from plaudit.common.db import Database
from plaudit.common.process import Parts
from plaudit.feedback_board.similar.jobs import IndexJob
from plaudit_testing.reference import Reference

pytestmark = pytest.mark.postgres


async def test_every_operation_answers_as_its_example_says(
    parts: Parts, api: httpx.AsyncClient, reviews: Any, worker: Database
) -> None:
    assert parts.app is not None
    reference = Reference(parts.app.openapi())
    made = await reference.check(api, "create_request")
    await reference.check(api, "list_requests")
    await _check_similar(reference, api, worker, made)
    for number, operations in enumerate(
        (
            ("get_request", "list_activity", "set_status"),
            ("set_sizing",),
            ("vote", "withdraw_vote"),
            ("link_review", "unlink_review"),
        )
    ):
        if number:
            made = await reference.check(api, "create_request")
        ids = {"request_id": made["id"], "review_id": str(await reviews.published())}
        for operation in operations:
            await reference.check(api, operation, ids=ids)
    await _check_merges(reference, api)
    reference.assert_all_are_checked()


async def _check_similar(reference: Reference, api: httpx.AsyncClient, worker: Database, one: dict[str, Any]) -> None:
    """Requests that are alike: each that is made of the example is."""
    await IndexJob(worker).turn()
    await reference.check(api, "find_similar", params={"q": one["title"]})
    other = await reference.check(api, "create_request")
    await IndexJob(worker).turn()
    for operation in ("list_duplicates", "reject_duplicate", "propose_again"):
        await reference.check(api, operation, ids={"request_id": one["id"], "other_id": other["id"]})
    await reference.check(api, "read_deflection")


async def _check_merges(reference: Reference, api: httpx.AsyncClient) -> None:
    """A request that is merged into another one, and taken out again."""
    one, other = await reference.check(api, "create_request"), await reference.check(api, "create_request")
    ids = {"request_id": one["id"], "into": other["id"]}
    await reference.check(api, "preview_merge", ids=ids, params={"into": other["id"]})
    for operation in ("merge_request", "undo_merge"):
        await reference.check(api, operation, ids=ids)
