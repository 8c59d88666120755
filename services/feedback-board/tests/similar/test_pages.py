"""On the public pages nothing is asked for twice without a question, and the words stay in the form."""

import re

import pytest

pytestmark = pytest.mark.postgres

SAME = {"title": "Allow to print the editor contents", "text": "I read on paper."}


@pytest.fixture
async def there(ask_for):
    """The id of a request that is on the board."""
    (request_id,) = await ask_for("Print the editor contents")
    return request_id


def form_id(page: str) -> str:
    found = re.search(r'name="form" value="([0-9a-f]{32})"', page)
    assert found is not None
    return found[1]


async def test_a_form_that_asks_for_the_same_comes_back_with_its_words_and_the_request(clients, there, api):
    visitor = clients.visitor()
    page = await visitor.post("/b/default/requests", data={**SAME, "form": "a" * 32})
    assert page.status_code == 200
    assert 'value="Allow to print the editor contents"' in page.text
    assert ">I read on paper.</textarea>" in page.text
    assert "/r/print-the-editor-contents/votes-instead" in page.text
    assert 'name="confirmed"' in page.text
    assert form_id(page.text) == "a" * 32, "what becomes of this form is counted once"
    assert len((await api.get("/v1/requests")).json()["items"]) == 1, "nothing was made"


async def test_a_form_that_is_confirmed_makes_a_request(clients, there, api):
    visitor = clients.visitor()
    made = await visitor.post("/b/default/requests", data={**SAME, "form": "a" * 32, "confirmed": "yes"})
    assert (made.status_code, made.headers["location"]) == (
        303,
        "/b/default/r/allow-to-print-the-editor-contents?notice=requested",
    )


async def test_a_related_request_asks_no_question(clients, ask_for):
    await ask_for("Hide the status bar")
    made = await clients.visitor().post("/b/default/requests", data={"title": "Show the status bar"})
    assert made.status_code == 303


async def test_a_vote_in_place_of_a_request_counts_as_a_vote_and_as_deflected(clients, there, api):
    visitor = clients.visitor()
    await visitor.post("/b/default/requests", data={**SAME, "form": "a" * 32})
    path = "/b/default/r/print-the-editor-contents/votes-instead"
    voted = await visitor.post(path, data={"form": "a" * 32})
    assert (voted.status_code, voted.headers["location"]) == (
        303,
        "/b/default/r/print-the-editor-contents?notice=voted",
    )
    await visitor.post(path, data={"form": "a" * 32})
    assert (await api.get(f"/v1/requests/{there}")).json()["votes"] == 1
    await visitor.post("/b/default/requests", data={**SAME, "form": "b" * 32, "confirmed": "yes"})
    await visitor.post("/b/default/requests", data={**SAME, "form": "c" * 32})
    counted = (await api.get("/v1/board/deflection")).json()
    assert [counted[name] for name in ("attempts", "voted", "posted", "asked")] == [3, 1, 1, 1]
    assert counted["share"] == 0.3333


async def test_a_form_that_became_a_request_does_not_become_a_vote_later(clients, there, api):
    visitor = clients.visitor()
    await visitor.post("/b/default/requests", data={**SAME, "form": "a" * 32, "confirmed": "yes"})
    await visitor.post("/b/default/r/print-the-editor-contents/votes-instead", data={"form": "a" * 32})
    counted = (await api.get("/v1/board/deflection")).json()
    assert (counted["attempts"], counted["voted"], counted["posted"]) == (1, 0, 1)


async def test_a_vote_from_another_site_is_refused(clients, there):
    other_site = clients.visitor(headers={"sec-fetch-site": "cross-site", "origin": "https://evil.example"})
    answer = await other_site.post("/b/default/r/print-the-editor-contents/votes-instead", data={"form": "a" * 32})
    assert answer.status_code == 403


async def test_a_script_gets_a_part_of_a_page_or_json_without_anything_private(clients, there):
    visitor = clients.visitor()
    part = await visitor.get("/b/default/similar", params={"q": SAME["title"], "form": "f" * 32})
    assert part.headers["content-type"].startswith("text/html")
    assert 'data-said="1 similar request"' in part.text
    assert 'value="' + "f" * 32 + '"' in part.text
    told = await visitor.get("/b/default/similar", params={"q": SAME["title"]}, headers={"accept": "application/json"})
    assert told.json() == {
        "items": [
            {
                "title": "Print the editor contents",
                "page": "/b/default/r/print-the-editor-contents",
                "status": "open",
                "votes": 0,
                "likeness": "same",
            }
        ]
    }


async def test_what_strangers_wrote_is_escaped_in_the_list(clients, ask_for):
    await ask_for("<script>alert(1)</script> dark mode")
    part = await clients.visitor().get(
        "/b/default/similar", params={"q": "<script>alert(1)</script> dark mode", "form": '"><script>'}
    )
    assert "<script>" not in part.text
    assert "&lt;script&gt;" in part.text


async def test_a_board_that_is_not_public_tells_nothing_similar(clients, there):
    await clients.set_board_public("default", on=False)
    answer = await clients.visitor().get("/b/default/similar", params={"q": "Print"})
    assert answer.status_code == 404


async def test_staff_sees_what_looks_the_same_and_rejects_it(clients, ask_for):
    one, other = await ask_for("Print the editor contents", "Allow to print the editor contents")
    browser = await clients.staff("default", "board:read", "board:write")
    page = (await browser.get(f"/console/requests/{one}")).text
    assert f"/console/requests/{one}/merge?into={other}" in page
    answer = await browser.post(f"/console/requests/{one}/not-the-same", data={"other": other})
    assert answer.status_code == 303
    assert f"merge?into={other}" not in (await browser.get(f"/console/requests/{one}")).text
