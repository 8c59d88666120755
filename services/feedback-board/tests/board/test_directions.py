"""Texts of strangers stand in their own direction, on every page of the board and of the console."""

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, page_of, put_on_board, submit
from plaudit_testing.directions import HEBREW, misplaced

pytestmark = pytest.mark.postgres

PARTS = {"text": f"{HEBREW}\n\n{HEBREW}", "persona": HEBREW}


async def test_a_right_to_left_request_is_set_right_to_left(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, HEBREW, votes=1, size=(1, 1), **PARTS)
    request = (await api.get("/v1/requests")).json()["items"][0]
    staff = await clients.staff("default", "*")
    browser = clients.visitor()
    pages = [await browser.get(BOARD), await browser.get(path), await staff.get(f"/console/requests/{request['id']}")]
    for status in ("planned", "declined"):
        answer = await api.put(f"/v1/requests/{request['id']}/status", json={"status": status, "reason": HEBREW})
        assert answer.status_code == 200, answer.text
        pages += [await browser.get(each) for each in (BOARD, path, f"{BOARD}/status/{status}")]
        pages.append(await staff.get(f"/console/requests/{request['id']}"))
    for page in pages:
        if HEBREW in page.text:
            assert misplaced(page.text, HEBREW) == [], page.url
    assert sum(HEBREW in page.text for page in pages) >= len(pages) - 1


async def test_what_is_typed_into_the_form_takes_its_own_direction(clients) -> None:
    visitor = clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    answer = await submit(visitor, form, title=HEBREW * 6, text=HEBREW)
    assert answer.status_code == 422
    assert misplaced(answer.text, HEBREW) == []
