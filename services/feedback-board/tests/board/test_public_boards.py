"""A board is public only where its tenant has switched it on, and nobody can tell a private one from none."""

import httpx
import pytest

from plaudit.common.db import Database, Role
from plaudit.common.tenants import commands as tenants
from plaudit.common.tenants import store
from plaudit_testing.board_pages import put_on_board

pytestmark = pytest.mark.postgres

PRIVATE, UNKNOWN = "northwind", "nobody"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


def without_request_id(answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    """All that a visitor sees of an answer but the id of the request."""
    request_id = answer.headers["x-request-id"]
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}
    return answer.status_code, answer.text.replace(request_id, "…"), headers


@pytest.fixture
async def private(clients) -> httpx.AsyncClient:
    """The API of a tenant whose board is private, with a request on it."""
    found = await clients.with_key(PRIVATE, "*")
    await clients.set_board_public(PRIVATE, on=False)
    await put_on_board(found, "Refund the deposit")
    return found


async def test_a_new_tenants_board_is_private(resources, board_url: str) -> None:
    owner = Database(resources.settings, "common", Role.OWNER, pool_size=1)
    try:
        async with owner.transaction() as tx:
            await tenants.create(tx, "newcomer", "Newcomer")
            assert await store.find_public_board(tx, "newcomer") is None
            await tenants.set_board_public(tx, "newcomer", on=True)
            board = await store.find_public_board(tx, "newcomer")
            assert board is not None
            assert (board.name, len(board.person_key)) == ("Newcomer", tenants.PERSON_KEY_BYTES)
            with pytest.raises(tenants.UnknownTenantError, match="nobody"):
                await tenants.set_board_public(tx, "nobody", on=True)
    finally:
        await owner.close()


@pytest.mark.parametrize("accept", [BROWSER, "*/*"])
@pytest.mark.parametrize("path", ["", "/status/open", "/r/refund-the-deposit", "/r/nothing", "?cursor=x"])
async def test_a_private_board_and_none_look_alike_to_a_reader(
    clients, private: httpx.AsyncClient, path: str, accept: str
) -> None:
    visitor = clients.visitor(headers={"accept": accept})
    hidden, absent = [await visitor.get(f"/b/{tenant}{path}") for tenant in (PRIVATE, UNKNOWN)]
    assert hidden.status_code == 404
    assert without_request_id(hidden) == without_request_id(absent)


@pytest.mark.parametrize("path", ["/requests", "/r/refund-the-deposit/votes", "/r/nothing/votes"])
async def test_a_private_board_and_none_look_alike_to_a_writer_and_take_nothing(
    clients, private: httpx.AsyncClient, outbox, path: str
) -> None:
    visitor = clients.visitor()
    told = await outbox.types()
    form = {"title": "Open on Sundays", "choice": "vote"}
    hidden, absent = [await visitor.post(f"/b/{tenant}{path}", data=form) for tenant in (PRIVATE, UNKNOWN)]
    assert hidden.status_code == 404
    assert without_request_id(hidden) == without_request_id(absent)
    assert await outbox.types() == told


@pytest.mark.settings(board_hosts={"requests.northwind.example": PRIVATE})
async def test_a_private_board_is_not_at_its_host_either(clients, private: httpx.AsyncClient) -> None:
    front = await clients.visitor().get("/", headers={"host": "requests.northwind.example"})
    assert front.status_code == 404
    assert "Refund" not in front.text


@pytest.mark.settings(board_hosts={"private.example": PRIVATE, "unknown.example": UNKNOWN})
async def test_where_there_is_no_public_board_the_front_page_leads_staff_to_the_console(
    clients, private: httpx.AsyncClient
) -> None:
    visitor = clients.visitor(headers={"accept": BROWSER})
    pages = [await visitor.get("/", headers={"host": host}) for host in ("private.example", "unknown.example")]
    pages.append(await visitor.get(f"/b/{PRIVATE}"))
    assert "No public board here" in pages[0].text
    assert 'href="/console"' in pages[0].text
    assert [without_request_id(page) for page in pages] == [without_request_id(pages[0])] * 3
    assert pages[0].status_code == 404
    problem = await visitor.get("/", headers={"host": "private.example", "accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"


async def test_switched_off_a_board_is_gone_at_once_and_the_api_goes_on(clients, api: httpx.AsyncClient) -> None:
    await put_on_board(api, "Refund the deposit")
    visitor = clients.visitor()
    assert (await visitor.get("/b/default")).status_code == 200
    await clients.set_board_public("default", on=False)
    assert (await visitor.get("/b/default")).status_code == 404
    assert (await visitor.get("/")).status_code == 404
    assert [each["title"] for each in (await api.get("/v1/requests")).json()["items"]] == ["Refund the deposit"]
