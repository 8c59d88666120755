"""Parts of the board in a frame on other sites."""

import re

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres

SETTINGS = "/v1/board/settings"
EMBEDS = (f"{BOARD}/embed/roadmap", f"{BOARD}/embed/request")
SITES = ["https://www.example.com", "https://shop.example.com:8443"]


def _ancestors(answer: httpx.Response) -> str:
    found = re.search(r"frame-ancestors ([^;]*)", answer.headers["content-security-policy"])
    assert found is not None
    return found[1]


async def test_only_the_sites_of_the_settings_may_frame_and_only_these_pages(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode", "planned")
    visitor = clients.visitor()
    for each in EMBEDS:
        assert _ancestors(await visitor.get(each)) == "'none'", "no site may until one is named"
    await api.put(SETTINGS, json={"embed_origins": SITES})
    for each in EMBEDS:
        answer = await visitor.get(each)
        assert _ancestors(answer) == " ".join(SITES)
        assert "script-src" not in answer.headers["content-security-policy"]
    for each in (BOARD, path, f"{BOARD}/roadmap", f"{BOARD}/changelog"):
        assert _ancestors(await visitor.get(each)) == "'none'", each


async def test_the_form_in_a_frame_makes_a_request_and_stays_in_the_frame(api: httpx.AsyncClient, clients) -> None:
    visitor = clients.visitor()
    form = page_of(await visitor.get(EMBEDS[1])).one("form")
    assert form.attributes["action"] == EMBEDS[1]
    fields = {each.attributes["name"]: each.attributes["value"] for each in form.all("input", type="hidden")}
    refused = await visitor.post(EMBEDS[1], data={**fields, "title": "x", "text": "kept words"})
    assert (refused.status_code, _ancestors(refused)) == (422, "'none'")
    assert page_of(refused).one("textarea").text == "kept words"
    for _ in range(2):  # a double click
        sent = await visitor.post(EMBEDS[1], data={**fields, "title": "Dark mode"}, follow_redirects=False)
        assert (sent.status_code, sent.headers["location"]) == (303, f"{EMBEDS[1]}?made=dark-mode")
    link = page_of(await visitor.get(sent.headers["location"])).one("p", class_="sent").one("a")
    assert (link.attributes["href"], link.attributes["target"]) == (f"{BOARD}/r/dark-mode", "_blank")
    (made,) = (await api.get("/v1/requests")).json()["items"]
    assert (made["title"], made["votes"], made["anonymous_votes"]) == ("Dark mode", 1, 1)


async def test_the_rules_look_at_what_comes_from_a_frame_too(api: httpx.AsyncClient, clients) -> None:
    await api.put("/v1/moderation/rules", json={"blocked_words": ["casino"]})
    visitor = clients.visitor()
    sent = await submit(visitor, page_of(await visitor.get(EMBEDS[1])).one("form"), title="A casino, please")
    assert "waits for a look" in page_of(sent).one("p", class_="sent").text
    assert (await api.get("/v1/requests")).json()["items"] == []
    assert [each["reasons"] for each in (await api.get("/v1/moderation/queue")).json()["items"]] == [["blocked_word"]]


async def test_a_form_from_another_origin_is_refused(api: httpx.AsyncClient, clients) -> None:
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answer = await clients.visitor().post(EMBEDS[1], data={"title": "Dark mode"}, headers=foreign)
    assert answer.status_code == 403
    assert (await api.get("/v1/requests")).json()["items"] == []


async def test_links_of_the_roadmap_open_outside_of_the_frame(api: httpx.AsyncClient, clients) -> None:
    await put_on_board(api, "Dark mode", "planned")
    links = page_of(await clients.visitor().get(EMBEDS[0])).all("a")
    assert {each.attributes.get("target") for each in links} == {"_blank"}
    assert len(links) == 2
