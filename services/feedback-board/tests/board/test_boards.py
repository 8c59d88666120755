"""Which board is at which address."""

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, page_of, put_on_board

pytestmark = pytest.mark.postgres


async def test_every_tenant_has_a_board_of_its_own(api: httpx.AsyncClient, clients) -> None:
    other = await clients.with_key("northwind", "*")
    await put_on_board(api, "Ours")
    made = (await other.post("/v1/requests", json={"title": "Theirs"})).json()
    visitor = clients.visitor()
    ours, theirs = [(await visitor.get(path)).text for path in ("/", "/b/northwind")]
    assert ("Ours" in ours, "Theirs" in ours) == (True, False)
    assert ("Ours" in theirs, "Theirs" in theirs) == (False, True)
    assert "Northwind" in theirs
    assert (await visitor.get(f"/b/northwind/r/{made['slug']}")).status_code == 200
    assert (await visitor.get(f"{BOARD}/r/{made['slug']}")).status_code == 404


@pytest.mark.settings(board_hosts={"requests.northwind.example": "northwind"}, board_name="The bike shop")
async def test_the_host_says_whose_board_is_at_the_front(clients) -> None:
    await clients.with_key("northwind", "*")
    visitor = clients.visitor()
    by_host = page_of(await visitor.get("/", headers={"host": "Requests.Northwind.example:8443"}))
    assert by_host.one("span", class_="brand").text == "Northwind"
    assert page_of(await visitor.get("/")).one("span", class_="brand").text == "The bike shop"
