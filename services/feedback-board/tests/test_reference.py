"""The examples of the API reference are what the board answers."""

from typing import Any

import httpx
import pytest

from plaudit.common.process import Parts
from plaudit_testing.reference import Reference

pytestmark = pytest.mark.postgres


async def test_every_operation_answers_as_its_example_says(parts: Parts, api: httpx.AsyncClient, reviews: Any) -> None:
    assert parts.app is not None
    reference = Reference(parts.app.openapi())
    made = await reference.check(api, "create_request")
    await reference.check(api, "list_requests")
    for number, operations in enumerate(
        (
            ("get_request", "list_activity", "set_status"),
            ("set_sizing",),
            ("vote", "withdraw_vote"),
            ("link_review", "unlink_review"),
            ("respond", "list_responses", "take_response_back", "post_comment", "list_comments"),
        )
    ):
        if number:
            made = await reference.check(api, "create_request")
        ids = {"request_id": made["id"], "review_id": str(await reviews.published())}
        for operation in operations:
            await reference.check(api, operation, ids=ids)
    reference.assert_all_are_checked()
