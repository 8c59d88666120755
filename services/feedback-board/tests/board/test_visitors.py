"""Who a visitor of the public pages is, by a cookie and by the forms of a page."""

import hashlib
import hmac
from uuid import UUID

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, activity_of, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres


async def test_a_first_request_that_is_sent_twice_leaves_the_visitor_who_has_voted_for_it(
    api: httpx.AsyncClient, clients
) -> None:
    first, second = clients.visitor(), clients.visitor()
    form = page_of(await first.get(BOARD)).one("section", id="make-a-request").one("form")
    answers = [await submit(client, form, title="Pumps") for client in (first, second)]
    assert all("Take back your vote" in page_of(answer).text for answer in answers)


async def test_forms_of_two_visits_and_made_up_ones_are_different_newcomers(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    for made_up in ({}, {}, {"newcomer": "00000000000000000000000000000001.nonsense"}, {"newcomer": ""}):
        visitor = clients.visitor()
        form = page_of(await visitor.get(path)).one("form", action=f"{path}/votes")
        page = page_of(await submit(visitor, form, **made_up))
    assert page.one("p", class_="tally").text == "4 votes"


async def test_who_only_looks_gets_no_cookie(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode", "shipped")
    visitor = clients.visitor()
    for address in ("/", BOARD, path, f"{BOARD}/status/shipped"):
        answer = await visitor.get(address)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    await visitor.post(f"{path}/votes", data={"choice": "withdraw"})
    assert not visitor.cookies


@pytest.mark.settings(public_url="https://requests.example")
async def test_the_cookie_is_kept_from_scripts_and_other_sites(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    answer = await clients.visitor().post(f"{path}/votes", data={"choice": "vote"})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("plaudit_visitor_default=")
    assert {"httponly", "samesite=lax", "secure", "path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_a_cookie_that_someone_made_up_is_another_visitor(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    forged = clients.visitor()
    forged.cookies.set("plaudit_visitor_default", f"{'a' * 32}.{'b' * 64}")
    await forged.post(f"{path}/votes", data={"choice": "vote"})
    (voted,) = await activity_of(api, "voted")
    assert voted["person"] != f"visitor:{'a' * 32}"


@pytest.mark.parametrize("form", [False, True])
async def test_a_cookie_that_was_signed_formerly_keeps_its_votes_and_is_replaced_once(
    api: httpx.AsyncClient, clients, worker, form: bool
) -> None:
    path = await put_on_board(api, "Dark mode")
    visitor = clients.visitor()
    await visitor.post(f"{path}/votes", data={"choice": "vote"})
    (voted,) = await activity_of(api, "voted")
    visitor_id = UUID(voted["person"].removeprefix("visitor:"))
    async with worker.transaction() as tx:
        key = await tx.raw.fetchval("SELECT common.person_key('default')")
    tag = hmac.new(key, b"board visitor:" + visitor_id.bytes, hashlib.sha256).hexdigest()

    old = clients.visitor()
    old.cookies.set("plaudit_visitor_default", f"{visitor_id.hex}.{tag}", domain="board.example", path="/")
    if form:
        replaced = await old.post(f"{path}/votes", data={"choice": "vote"})
    else:
        replaced = await old.get(path)
        assert "Take back your vote" in replaced.text
    assert replaced.headers["set-cookie"].startswith(f"plaudit_visitor_default={visitor_id.hex}.")
    assert tag not in replaced.headers["set-cookie"]
    again = await old.get(path)
    assert "set-cookie" not in again.headers
    assert page_of(again).one("p", class_="tally").text == "1 vote"


async def test_a_cookie_of_one_board_says_nothing_on_another(api: httpx.AsyncClient, clients) -> None:
    other = await clients.with_key("northwind", "*")
    made = (await other.post("/v1/requests", json={"title": "Theirs"})).json()
    path = await put_on_board(api, "Ours")
    visitor = clients.visitor()
    for address in (path, f"/b/northwind/r/{made['slug']}"):
        await visitor.post(f"{address}/votes", data={"choice": "vote"})
    assert {cookie.name for cookie in visitor.cookies.jar} == {"plaudit_visitor_default", "plaudit_visitor_northwind"}
    people = []
    for client, request_id in ((api, (await api.get("/v1/requests")).json()["items"][0]["id"]), (other, made["id"])):
        (entry, _) = (await client.get(f"/v1/requests/{request_id}/activity")).json()["items"]
        people.append(entry["person"])
    assert people[0] != people[1]


async def test_the_public_pages_neither_read_nor_set_the_session_of_staff(
    api: httpx.AsyncClient, clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    path_of_request = await put_on_board(api, "Open on Sundays", "planned", votes=1)
    key = api.headers["authorization"].removeprefix("Bearer ")
    staff = clients.visitor()
    assert (await staff.post("/sign-in", data={"key": key})).status_code == 303
    assert "plaudit_session" in staff.cookies

    def read(*_arguments: object) -> None:
        raise AssertionError("a public page has read the session")

    for name in ("principal", "find", "id_of"):
        monkeypatch.setattr(f"plaudit.common.sessions.lookup.StaffSessions.{name}", read)
    session_id = staff.cookies["plaudit_session"]
    for path in ("/", BOARD, f"{BOARD}/status/planned", path_of_request):
        answer = await staff.get(path)
        assert answer.status_code == 200
        assert session_id not in answer.text
        assert "plaudit_session" not in answer.headers.get("set-cookie", "")
    voted = await staff.post(f"{path_of_request}/votes", data={"choice": "vote"})
    assert voted.status_code == 303
    assert "plaudit_session" not in voted.headers["set-cookie"]
