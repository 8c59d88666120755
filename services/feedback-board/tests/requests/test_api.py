import asyncio
from typing import Any
from uuid import uuid4

import httpx
import jsonschema
import pytest

from plaudit.common.contracts.subjects import SUBJECT_PATTERN
from plaudit.common.mailbox import ADDRESS_PATTERN
from plaudit_testing.problems import problem_of

pytestmark = pytest.mark.postgres


async def _make(api: httpx.AsyncClient, title: str, **more: Any) -> dict[str, Any]:
    made = await api.post("/v1/requests", json={"title": title, **more})
    assert made.status_code == 201, made.text
    return made.json()


async def _size(api: httpx.AsyncClient, path: str, impact: Any, effort_weeks: Any) -> httpx.Response:
    return await api.put(f"{path}/sizing", json={"impact": impact, "effort_weeks": effort_weeks})


async def test_a_request_begins_open_and_unsized(api: httpx.AsyncClient, outbox) -> None:
    made = await api.post(
        "/v1/requests",
        json={"title": " Dark  mode ", "text": "Please.", "subject": "northwind/lisbon", "persona": "night rider"},
    )
    assert made.status_code == 201
    request = made.json()
    assert made.headers["location"] == f"/v1/requests/{request['id']}"
    assert (request["title"], request["slug"], request["status"]) == ("Dark mode", "dark-mode", "open")
    assert (request["subject"], request["persona"]) == ("northwind/lisbon", "night rider")
    assert (request["votes"], request["reach"], request["priority"]) == (0, 0, None)
    assert (await api.get(made.headers["location"])).json() == request
    (event,) = await outbox.events()
    assert (event["type"], event["subject"], event["tenant"]) == ("request.created", request["id"], "default")
    assert event["data"]["request"]["title"] == "Dark mode"
    assert event["traceparent"]


async def test_an_event_continues_the_trace_of_its_request_with_its_state(api: httpx.AsyncClient, outbox) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "tracestate": "foo=1 , bar=2"}
    assert (await api.post("/v1/requests", json={"title": "Dark mode"}, headers=headers)).status_code == 201
    (event,) = await outbox.events()
    assert event["traceparent"].startswith(f"00-{trace}-")
    assert event["tracestate"] == "foo=1,bar=2"


async def test_the_same_title_twice_has_two_addresses(api: httpx.AsyncClient) -> None:
    slugs = {(await _make(api, "Dark mode"))["slug"] for _ in range(3)}
    assert len(slugs) == 3
    assert all(slug.startswith("dark-mode") for slug in slugs)


async def test_a_value_against_the_rules_is_named(api: httpx.AsyncClient) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"title": "ab"}, "/title"),
        ({"title": "x" * 121}, "/title"),
        ({"title": "no bell \x07"}, "/title"),
        ({"title": "fine", "text": "x" * 5_001}, "/text"),
        *(
            ({"title": "fine", "subject": subject}, "/subject")
            for subject in ("Not/a path", "", "/", "acme/", "a//b", "a/b/c/d/e/f/g", "x" * 65, "-a", "a\n")
        ),
        ({"title": "fine", "persona": ""}, "/persona"),
        ({"text": "no title"}, "/title"),
        ({"title": "fine", "votes": 900}, "/votes"),
    ]
    for body, pointer in cases:
        answer = await api.post("/v1/requests", json=body)
        assert problem_of(answer) == (422, "invalid-request"), body
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await api.get("/v1/requests")).json()["items"] == []


async def test_a_key_sent_again_gets_the_first_answer(api: httpx.AsyncClient, outbox) -> None:
    headers = {"idempotency-key": "request-1"}
    first = await api.post("/v1/requests", json={"title": "Dark mode"}, headers=headers)
    await api.put(f"{first.headers['location']}/status", json={"status": "planned", "reason": "Right."})
    again = await api.post("/v1/requests", json={"title": "Dark mode", "text": ""}, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (await outbox.types()).count("request.created") == 1


async def test_a_key_with_another_request_is_refused(api: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "request-1"}
    await api.post("/v1/requests", json={"title": "Dark mode"}, headers=headers)
    other = await api.post("/v1/requests", json={"title": "Light mode"}, headers=headers)
    assert problem_of(other) == (422, "idempotency-key-reused")


async def test_a_key_sent_many_times_at_once_makes_one_request(api: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(api.post("/v1/requests", json={"title": "Dark mode"}, headers={"idempotency-key": "k"}) for _ in range(8))
    )
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert [answer.headers.get("idempotent-replayed") for answer in answers].count(None) == 1
    assert len((await api.get("/v1/requests")).json()["items"]) == 1


async def test_a_malformed_key_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/requests", json={"title": "Dark mode"}, headers={"idempotency-key": "two words"})
    assert problem_of(answer) == (400, "invalid-idempotency-key")


async def test_a_status_is_set_with_its_reason(api: httpx.AsyncClient, request_path: str, outbox) -> None:
    answer = await api.put(f"{request_path}/status", json={"status": "planned", "reason": "Eleven shops asked."})
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["status_reason"]) == ("planned", "Eleven shops asked.")
    event = (await outbox.events())[-1]
    assert event["type"] == "request.status_changed"
    assert (event["data"]["previous_status"], event["data"]["reason"]) == ("open", "Eleven shops asked.")
    assert event["data"]["request"]["status"] == "planned"


async def test_a_status_set_again_the_same_way_changes_nothing(
    api: httpx.AsyncClient, request_path: str, outbox
) -> None:
    change = {"status": "planned", "reason": "Eleven shops asked."}
    first = await api.put(f"{request_path}/status", json=change)
    again = await api.put(f"{request_path}/status", json=change)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await outbox.types()).count("request.status_changed") == 1


async def test_a_transition_that_is_not_possible_names_those_that_are(
    api: httpx.AsyncClient, request_path: str
) -> None:
    await api.put(f"{request_path}/status", json={"status": "shipped", "reason": "It is here."})
    answer = await api.put(f"{request_path}/status", json={"status": "open", "reason": "Never mind."})
    assert problem_of(answer) == (409, "status-not-possible")
    assert "in_progress" in answer.json()["detail"]
    same = await api.put(f"{request_path}/status", json={"status": "shipped", "reason": "Another story."})
    assert problem_of(same) == (409, "status-not-possible")


async def test_a_status_that_needs_a_public_reason_is_refused_without_one(
    api: httpx.AsyncClient, request_path: str
) -> None:
    for change in (
        {"status": "declined"},
        {"status": "shipped", "reason": None},
        {"status": "planned", "reason": " "},
        {"status": "merged", "reason": "Why."},
    ):
        assert problem_of(await api.put(f"{request_path}/status", json=change)) == (422, "invalid-request"), change
    assert (await api.get(request_path)).json()["status"] == "open"
    refused = (await api.put(f"{request_path}/status", json={"status": "declined"})).json()["errors"]
    assert [(error["pointer"], error["detail"][:66]) for error in refused] == [
        ("/reason", "a request that is open becomes declined only with a public reason:")
    ]


async def test_a_move_forward_needs_no_reason_and_a_move_back_does(
    api: httpx.AsyncClient, clients, request_path: str
) -> None:
    for status in ("planned", "in_progress", "shipped"):
        moved = await api.put(f"{request_path}/status", json={"status": status})
        assert (moved.status_code, moved.json()["status_reason"]) == (200, None)
        assert (await clients.visitor().get(moved.json()["page"])).status_code == 200
        assert (await api.put(f"{request_path}/status", json={"status": status})).json() == moved.json()
    back = {"status": "in_progress"}
    assert problem_of(await api.put(f"{request_path}/status", json=back)) == (422, "invalid-request")
    reopened = await api.put(f"{request_path}/status", json={**back, "reason": "It broke again."})
    assert (reopened.json()["status"], reopened.json()["status_reason"]) == ("in_progress", "It broke again.")


async def test_priority_follows_from_sizing_and_reach(api: httpx.AsyncClient, request_path: str, outbox) -> None:
    for person in ("anna", "ben"):
        await api.post(f"{request_path}/votes", json={"person": f"native:{person}"})
    sized = await _size(api, request_path, 2, 3)
    assert sized.status_code == 200
    figures = {name: sized.json()[name] for name in ("impact", "effort_weeks", "reach", "priority", "formula_version")}
    assert figures == {"impact": "2", "effort_weeks": "3", "reach": 2, "priority": "1.33", "formula_version": 2}
    more = await api.post(f"{request_path}/votes", json={"person": "native:cleo"})
    assert more.json()["request"]["priority"] == "2"
    scored = [event["data"]["request"] for event in await outbox.events() if event["type"] == "request.scored"]
    assert [(state["impact"], state["effort_weeks"], state["priority"]) for state in scored] == [("2", "3", "1.33")]
    unsized = await _size(api, request_path, None, None)
    assert unsized.json()["priority"] is None


async def test_a_size_off_the_scale_is_refused(api: httpx.AsyncClient, request_path: str) -> None:
    cases: list[tuple[Any, Any, str]] = [
        (4, 1, "/impact"),
        (1, 0.24, "/effort_weeks"),
        (1, 0, "/effort_weeks"),
        (1, 1001, "/effort_weeks"),
        (1, "1e400", "/effort_weeks"),
        (1, True, "/effort_weeks"),
        (1, "NaN", "/effort_weeks"),
        (None, 1, "/impact"),
        (1, None, "/effort_weeks"),
    ]
    for impact, effort_weeks, pointer in cases:
        answer = await _size(api, request_path, impact, effort_weeks)
        assert problem_of(answer) == (422, "invalid-request"), (impact, effort_weeks)
        assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert (await api.get(request_path)).json()["priority"] is None


@pytest.mark.parametrize("sort", ["priority", "votes", "newest"])
async def test_pages_of_a_list_show_every_request_once_in_order(api: httpx.AsyncClient, worker, sort: str) -> None:
    from plaudit.feedback_board.requests.domain.order import Order, sort_key
    from plaudit.feedback_board.requests.store import requests

    for number in range(7):
        path = f"/v1/requests/{(await _make(api, f'Request {number % 3}'))['id']}"
        for person in range(number % 3):
            await api.post(f"{path}/votes", json={"person": f"native:{person}"})
        if number % 2:
            await _size(api, path, 1, 1)
    async with worker.transaction() as tx:
        # Ties at every level: the same times for some.
        await tx.raw.execute(
            "UPDATE requests SET created_at = date_trunc('hour', created_at), "
            "last_mention_at = date_trunc('hour', last_mention_at) WHERE votes < 2"
        )
        board = await requests.list_in_order(tx, "default", Order.NEWEST, limit=100)
    expected = [str(one.id) for one in sorted(board, key=lambda request: sort_key(Order(sort), request))]

    found, cursor = [], None
    for _ in range(10):
        params = {"sort": sort, "limit": 2, **({"cursor": cursor} if cursor else {})}
        listed = (await api.get("/v1/requests", params=params)).json()
        found += [item["id"] for item in listed["items"]]
        if (cursor := listed["next"]) is None:
            break
    assert found == expected
    assert len(found) == 7


async def test_a_list_can_be_of_some_statuses(api: httpx.AsyncClient) -> None:
    for status in ("planned", "shipped", "declined"):
        made = await _make(api, f"Request {status}")
        await api.put(f"/v1/requests/{made['id']}/status", json={"status": status, "reason": "Because."})
    await _make(api, "Request open")
    listed = await api.get("/v1/requests", params=[("status", "planned"), ("status", "open"), ("sort", "newest")])
    assert [item["status"] for item in listed.json()["items"]] == ["open", "planned"]
    assert problem_of(await api.get("/v1/requests", params={"status": "merged"})) == (422, "invalid-request")


async def test_a_cursor_of_another_order_is_refused(api: httpx.AsyncClient) -> None:
    for number in range(2):
        await _make(api, f"Request {number}")
    cursor = (await api.get("/v1/requests", params={"sort": "votes", "limit": 1})).json()["next"]
    for sort in ("priority", "newest"):
        answer = await api.get("/v1/requests", params={"sort": sort, "cursor": cursor})
        assert problem_of(answer) == (422, "invalid-cursor")
    assert problem_of(await api.get("/v1/requests", params={"cursor": "x"})) == (422, "invalid-cursor")


async def test_an_unchanged_request_is_not_sent_again(api: httpx.AsyncClient, request_path: str) -> None:
    first = await api.get(request_path)
    same = await api.get(request_path, headers={"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    weak = await api.get(request_path, headers={"if-none-match": f'"0", W/{first.headers["etag"]}'})
    assert weak.status_code == 304
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    assert (await api.get(request_path, headers={"if-none-match": first.headers["etag"]})).status_code == 200


@pytest.mark.parametrize(
    ("path", "change"),
    [("status", {"status": "planned", "reason": "Right."}), ("sizing", {"impact": 1, "effort_weeks": 1})],
)
async def test_a_change_for_another_revision_is_refused(
    api: httpx.AsyncClient, request_path: str, path: str, change: dict[str, Any]
) -> None:
    etag = (await api.get(request_path)).headers["etag"]
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    late = await api.put(f"{request_path}/{path}", json=change, headers={"if-match": etag})
    assert problem_of(late) == (412, "precondition-failed")
    etag = (await api.get(request_path)).headers["etag"]
    weak = await api.put(f"{request_path}/{path}", json=change, headers={"if-match": f"W/{etag}"})
    assert problem_of(weak) == (412, "precondition-failed")
    one_of_them = [("if-match", '"999"'), ("if-match", etag)]
    assert (await api.put(f"{request_path}/{path}", json=change, headers=one_of_them)).status_code == 200


async def test_the_log_tells_what_happened_newest_first_with_the_figures(
    api: httpx.AsyncClient, request_path: str, reviews
) -> None:
    review = await reviews.published(person="native:ben")
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    await _size(api, request_path, 3, 2)
    await api.post(f"{request_path}/links", json={"review_id": str(review)})
    await api.put(f"{request_path}/status", json={"status": "planned", "reason": "Right."})
    first = (await api.get(f"{request_path}/activity", params={"limit": 2})).json()
    rest = (await api.get(f"{request_path}/activity", params={"cursor": first["next"]})).json()
    entries = [*first["items"], *rest["items"]]
    assert rest["next"] is None
    assert [entry["type"] for entry in entries] == [
        "status_changed",
        "review_linked",
        "sized",
        "voted",
        "request_created",
    ]
    assert [entry["detail"]["figures"]["priority"] for entry in entries] == ["3", "3", "1.5", None, None]
    assert [entry["detail"]["figures"]["reach"] for entry in entries] == [2, 2, 1, 1, 0]
    assert entries[0]["detail"]["reason"] == "Right."
    assert entries[3]["person"] == "native:anna"
    assert all(entry["actor"].startswith("key:") for entry in entries)


async def test_what_is_not_there_is_not_found(api: httpx.AsyncClient) -> None:
    path = f"/v1/requests/{uuid4()}"
    answers = [
        await api.get(path),
        await api.get(f"{path}/activity"),
        await api.post(f"{path}/votes", json={"person": "native:anna"}),
        await api.request("DELETE", f"{path}/votes", json={"person": "native:anna"}),
        await api.put(f"{path}/status", json={"status": "planned", "reason": "Right."}),
        await api.put(f"{path}/sizing", json={"impact": 1, "effort_weeks": 1}),
        await api.post(f"{path}/links", json={"review_id": str(uuid4())}),
        await api.delete(f"{path}/links/{uuid4()}"),
    ]
    assert {problem_of(answer) for answer in answers} == {(404, "not-found")}


async def test_the_document_describes_every_operation(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    assert set(document["paths"]) == {
        "/v1/requests",
        "/v1/requests/{request_id}",
        "/v1/requests/{request_id}/votes",
        "/v1/requests/{request_id}/status",
        "/v1/requests/{request_id}/sizing",
        "/v1/requests/{request_id}/links",
        "/v1/requests/{request_id}/links/{review_id}",
        "/v1/requests/{request_id}/activity",
        "/v1/requests/similar",
        "/v1/requests/{request_id}/duplicates",
        "/v1/requests/{request_id}/duplicates/{other_id}/rejection",
        "/v1/requests/{request_id}/followers/{person}",
        "/v1/requests/{request_id}/audience",
        "/v1/requests/{request_id}/audience/people",
        "/v1/board/deflection",
        "/v1/board/settings",
        "/v1/board/sign-in-secret",
        "/v1/board/triage",
        "/v1/changelog",
        "/v1/changelog/{entry_id}",
        "/v1/changelog/{entry_id}/publication",
        "/v1/requests/{request_id}/merge",
        "/v1/requests/{request_id}/merge-preview",
        "/v1/requests/{request_id}/concern",
        "/v1/requests/{request_id}/sizings",
        "/v1/requests/{request_id}/priority",
        "/v1/requests/{request_id}/reach",
        "/v1/personas",
        "/v1/personas/reach-view",
        "/v1/personas/{persona_id}",
        "/v1/personas/{persona_id}/mute",
        "/v1/personas/{persona_id}/people",
        "/v1/requests/{request_id}/comments",
        "/v1/requests/{request_id}/comments/{comment_id}",
        "/v1/requests/{request_id}/official-response",
        "/v1/moderation/queue",
        "/v1/moderation/posts/{kind}/{post_id}/approve",
        "/v1/moderation/posts/{kind}/{post_id}/remove",
        "/v1/moderation/people",
        "/v1/moderation/rules",
        "/v1/moderation/log",
    }


def test_the_document_says_what_is_taken(parts) -> None:
    schemas = parts.app.openapi()["components"]["schemas"]
    title, text, persona = [schemas["RequestIn"]["properties"][name] for name in ("title", "text", "persona")]
    assert (title["minLength"], title["maxLength"], text["maxLength"]) == (3, 120, 5_000)
    assert persona["anyOf"][0]["maxLength"] == 64
    assert schemas["RequestIn"]["properties"]["subject"]["anyOf"][0]["pattern"] == SUBJECT_PATTERN
    assert schemas["StatusIn"]["properties"]["reason"]["anyOf"][0]["minLength"] == 3
    assert schemas["VoteIn"]["properties"]["email"]["pattern"] == ADDRESS_PATTERN
    assert schemas["SizingIn"]["properties"]["impact"]["anyOf"][0]["enum"] == [
        0.25, 0.5, 1, 2, 3, "0.25", "0.5", "1", "2", "3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("effort", "taken"),
    [
        *(("0.25", True), ("0.3", True), ("0.99", True), ("1", True), ("1.5", True), ("999.99", True), ("1000", True)),
        *(("0.24", False), ("0.2", False), ("0.250", False), ("1000.01", False), ("1e2", False), ("", False)),
        *((0.25, True), (1000, True), (12.34, True), (0.24, False), (1001, False), (1.005, False)),
    ],
)
def test_the_document_takes_the_efforts_that_are_taken(parts, effort: object, taken: bool) -> None:
    schema = parts.app.openapi()["components"]["schemas"]["SizingIn"]["properties"]["effort_weeks"]
    assert jsonschema.Draft202012Validator(schema).is_valid(effort) == taken


@pytest.mark.parametrize(
    ("name", "body", "taken"),
    [
        *(("VoteIn", {"person": "native:1"}, True), ("VoteIn", {"email": "a@b.example", "person": None}, True)),
        *(("VoteIn", {}, False), ("VoteIn", {"person": "native:1", "email": "a@b.example"}, False)),
        *(("VoteIn", {"person": None}, False), ("VoteIn", {"person": "a@b.example"}, False)),
        ("SizingIn", {"impact": None, "effort_weeks": None}, True),
        ("SizingIn", {"impact": "2", "effort_weeks": 3}, True),
        ("SizingIn", {"impact": None, "effort_weeks": 3}, False),
        ("SizingIn", {"impact": "2", "effort_weeks": None}, False),
        ("SizingIn", {"impact": 4, "effort_weeks": 3}, False),
    ],
)
async def test_the_document_and_the_api_take_the_same_bodies(
    parts, api: httpx.AsyncClient, request_path: str, name: str, body: dict[str, Any], taken: bool
) -> None:
    schema = parts.app.openapi()["components"]["schemas"][name]
    assert jsonschema.Draft202012Validator(schema).is_valid(body) == taken
    send = (
        api.post(f"{request_path}/votes", json=body)
        if name == "VoteIn"
        else api.put(f"{request_path}/sizing", json=body)
    )
    assert (await send).status_code in ((200, 201) if taken else (422,))
