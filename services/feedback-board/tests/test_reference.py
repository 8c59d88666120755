"""The examples of the API reference are what the board answers."""

from datetime import UTC, datetime, timedelta
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
    await reference.check(api, "count_triage")
    made = await reference.check(api, "create_request")
    await reference.check(api, "list_requests")
    for operation in ("get_request", "list_activity"):
        await reference.check(api, operation, ids={"request_id": made["id"]})
    await _check_similar(reference, api, worker, made)
    for operations in (
        ("set_status",),
        ("set_sizing", "list_sizings", "explain_priority", "get_reach"),
        ("set_concern",),
        ("vote", "withdraw_vote"),
        ("link_review", "unlink_review"),
        ("follow", "list_audience", "count_audience", "stop_following"),
    ):
        made = await reference.check(api, "create_request")
        ids = {"request_id": made["id"], "review_id": str(await reviews.published()), "person": "native:anna"}
        for operation in operations:
            await reference.check(api, operation, ids=ids)
    until = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
    persona = await reference.check(api, "create_persona")
    for operation in (
        *("list_personas", "change_persona", "mute_persona", "unmute_persona", "assign_person", "unassign_person"),
        *("get_reach_view", "set_reach_view"),
    ):
        await reference.check(api, operation, ids={"persona_id": persona["id"], "until": until})
    entry = await reference.check(api, "write_entry")
    await reference.check(api, "list_entries")
    for operation in ("get_entry", "rewrite_entry"):
        await reference.check(api, operation, ids={"entry_id": entry["id"]})
    spare = await reference.check(api, "write_entry")
    await reference.check(api, "delete_entry", ids={"entry_id": spare["id"]})
    await reference.check(api, "set_publication", ids={"entry_id": entry["id"]})
    for operation in ("set_settings", "get_settings"):
        await reference.check(api, operation)
    await _check_merges(reference, api)
    await _check_comments(reference, api)
    for operation in ("set_sign_in_secret", "read_sign_in_secret", "delete_sign_in_secret"):
        await reference.check(api, operation)
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
