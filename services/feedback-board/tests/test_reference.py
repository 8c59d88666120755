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
        )
    ):
        if number:
            made = await reference.check(api, "create_request")
        ids = {"request_id": made["id"], "review_id": str(await reviews.published())}
        for operation in operations:
            await reference.check(api, operation, ids=ids)
    await _check_comments(reference, api)
    reference.assert_all_are_checked()


async def _check_comments(reference: Reference, api: httpx.AsyncClient) -> None:
    """What is said about a request, and what is done about that."""
    request = await reference.check(api, "create_request")
    path = f"/v1/requests/{request['id']}/comments"
    ids = {"request_id": request["id"]}
    for operation in ("respond", "list_responses", "take_response_back"):
        await reference.check(api, operation, ids=ids)
    comment = await reference.check(api, "post_comment", ids=ids)
    for operation in ("list_comments", "edit_comment", "remove_comment"):
        await reference.check(api, operation, ids={**ids, "comment_id": comment["id"]})

    async def say(text: str) -> dict[str, str]:
        said = await api.post(path, json={"text": text, "name": "Anna", "person": "native:anna"})
        return {"kind": "comment", "post_id": said.json()["id"]}

    await reference.check(api, "remove_post", ids=await say("Cheap pumps."))
    for operation in ("list_moderation_log", "set_hold_rules", "get_hold_rules"):
        await reference.check(api, operation)
    held = await say("The casino has it.")
    await reference.check(api, "list_waiting_posts")
    await reference.check(api, "approve_post", ids=held)
    for operation in ("set_standing", "list_standings", "clear_standing"):
        await reference.check(api, operation)
