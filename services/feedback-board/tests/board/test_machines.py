"""What programs read of a public board: feeds, JSON and the sitemap."""

import xml.etree.ElementTree as ET
from email.utils import parsedate_to_datetime

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, put_on_board

pytestmark = pytest.mark.postgres

ATOM = "{http://www.w3.org/2005/Atom}"
PATHS = (
    *(f"{BOARD}/feeds/{name}.atom" for name in ("requests", "shipped", "changelog", "requests/dark-mode")),
    *(f"{BOARD}/{name}" for name in ("requests.json", "roadmap.json", "sitemap.xml")),
)


def parsed(answer: httpx.Response) -> ET.Element:
    assert answer.status_code == 200, answer.text
    return ET.fromstring(answer.text)


async def test_feeds_are_valid_atom_with_hostile_texts_too(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode", "shipped", text="<b>bold</b> & more", votes=1)
    hostile = await api.post(
        "/v1/requests", json={"title": "Hostile <i>&amp;</i>", "text": "<script>alert(1)</script>"}
    )
    assert hostile.status_code == 201
    ids = [item["id"] for item in (await api.get("/v1/requests")).json()["items"]]
    entry = (await api.post("/v1/changelog", json={"title": "Dark", "changed": "]]>", "request_ids": ids})).json()
    await api.put(f"/v1/changelog/{entry['id']}/publication", json={"published": True})
    visitor = clients.visitor()
    lengths = []
    for address in [each for each in PATHS if each.endswith(".atom")]:
        answer = await visitor.get(address)
        feed = parsed(answer)
        assert answer.headers["content-type"].startswith("application/atom+xml")
        assert feed.tag == f"{ATOM}feed"
        for element in (feed, *feed.findall(f"{ATOM}entry")):
            for needed in ("id", "title", "updated"):
                assert len(element.findall(f"{ATOM}{needed}")) == 1, (address, needed)
        links = {link.get("rel"): link.get("href", "") for link in feed.findall(f"{ATOM}link")}
        assert links["self"].endswith(address)
        ids = [each.text for each in feed.iter(f"{ATOM}id")]
        assert len(ids) == len(set(ids))
        lengths.append(len(ids) - 1)
    assert lengths == [2, 1, 1, 2]
    assert (await visitor.get(f"{BOARD}/feeds/requests/nothing.atom")).status_code == 404
    assert path.endswith("dark-mode")


async def test_a_feed_leads_to_its_next_page_until_all_is_told(api: httpx.AsyncClient, clients) -> None:
    for number in range(53):
        await api.post("/v1/requests", json={"title": f"Request number {number}"})
    visitor = clients.visitor()
    address, seen = f"{BOARD}/feeds/requests.atom", []
    while address:
        feed = parsed(await visitor.get(address))
        seen += [each.findtext(f"{ATOM}id") for each in feed.findall(f"{ATOM}entry")]
        following = [each.get("href", "") for each in feed.findall(f"{ATOM}link") if each.get("rel") == "next"]
        address = following[0] if following else ""
    assert len(seen) == len(set(seen)) == 53


@pytest.mark.parametrize("path", PATHS)
async def test_an_answer_is_not_sent_again_to_whoever_has_it(api: httpx.AsyncClient, clients, path: str) -> None:
    await put_on_board(api, "Dark mode", "shipped")
    visitor = clients.visitor()
    first = await visitor.get(path)
    assert first.status_code == 200, first.text
    tag = first.headers["etag"]
    again = await visitor.get(path, headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    request = (await api.get("/v1/requests")).json()["items"][0]
    await api.put(f"/v1/requests/{request['id']}/status", json={"status": "in_progress", "reason": "A fault."})
    await api.post("/v1/requests", json={"title": "Another one"})
    changed = await visitor.get(path, headers={"if-none-match": tag})
    assert changed.status_code == (304 if "changelog" in path else 200)


async def test_a_feed_says_when_it_last_changed(api: httpx.AsyncClient, clients) -> None:
    await put_on_board(api, "Dark mode")
    visitor = clients.visitor()
    first = await visitor.get(PATHS[0])
    changed_at = first.headers["last-modified"]
    assert parsedate_to_datetime(changed_at).tzinfo is not None
    assert (await visitor.get(PATHS[0], headers={"if-modified-since": changed_at})).status_code == 304
    before = "Mon, 01 Jan 2024 00:00:00 GMT"
    for headers in ({"if-modified-since": before}, {"if-modified-since": "yesterday"}):
        assert (await visitor.get(PATHS[0], headers=headers)).status_code == 200


async def test_what_everybody_reads_names_no_person_and_no_member_of_staff(
    api: httpx.AsyncClient, clients, reviews
) -> None:
    await put_on_board(api, "Dark mode", "planned", votes=1, size=(1, 1))
    request = (await api.get("/v1/requests")).json()["items"][0]
    await api.post(f"/v1/requests/{request['id']}/votes", json={"email": "anna@example.org"})
    review = await reviews.published(person="native:secret")
    await api.post(f"/v1/requests/{request['id']}/links", json={"review_id": str(review)})
    log = (await api.get(f"/v1/requests/{request['id']}/activity")).json()["items"]
    names = {entry[field] for entry in log for field in ("actor", "person") if entry[field]} - {"public", "board"}
    assert len(names) >= 3
    for path in (*PATHS, BOARD, request["page"], f"{BOARD}/roadmap", f"{BOARD}/changelog"):
        text = (await clients.visitor().get(path)).text
        assert [name for name in (*names, "anna@example.org") if name in text] == [], path


async def test_the_json_lists_as_the_page_does_and_pages_by_cursor(api: httpx.AsyncClient, clients) -> None:
    for number, votes in enumerate((1, 3, 2)):
        await put_on_board(api, f"Request {number}", votes=votes)
    visitor = clients.visitor()
    params: dict[str, str] = {"sort": "votes", "limit": "2"}
    first = (await visitor.get(f"{BOARD}/requests.json", params=params)).json()
    second = (await visitor.get(f"{BOARD}/requests.json", params={**params, "cursor": first["next"]})).json()
    assert [item["votes"] for item in first["items"] + second["items"]] == [3, 2, 1]
    assert second["next"] is None
    other = await visitor.get(f"{BOARD}/requests.json", params={"sort": "newest", "cursor": first["next"]})
    assert other.status_code == 422
    assert (await visitor.get(f"{BOARD}/requests.json", params={"limit": "101"})).status_code == 422
    assert first["items"][0].keys().isdisjoint({"id", "tenant_id", "subject", "revision"})
    columns = (await visitor.get(f"{BOARD}/roadmap.json")).json()["columns"]
    assert [(each["status"], each["count"]) for each in columns] == [
        ("planned", 0),
        ("in_progress", 0),
        ("shipped", 0),
    ]


async def test_scripts_of_every_site_may_read_what_is_for_programs(api: httpx.AsyncClient, clients) -> None:
    await put_on_board(api, "Dark mode")
    for path in PATHS:
        answer = await clients.visitor().get(path, headers={"origin": "https://shop.example"})
        assert answer.headers["access-control-allow-origin"] == "*", path
        assert "set-cookie" not in answer.headers


async def test_the_sitemap_has_the_pages_of_its_own_board_and_robots_lead_to_it(
    api: httpx.AsyncClient, clients
) -> None:
    path = await put_on_board(api, "Dark mode")
    other = await clients.with_key("northwind", "*")
    theirs = (await other.post("/v1/requests", json={"title": "Theirs"})).json()["page"]
    text = (await clients.visitor().get(f"{BOARD}/sitemap.xml")).text
    addresses = [each.text or "" for each in ET.fromstring(text).iter() if each.tag.endswith("loc")]
    assert any(each.endswith(path) for each in addresses)
    assert not any(each.endswith(theirs) for each in addresses)
    robots = (await clients.visitor().get("/robots.txt")).text
    assert "Disallow: /console\n" in robots
    assert f"{BOARD}/sitemap.xml\n" in robots


async def test_a_page_says_what_other_sites_show_of_it(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, 'Dark "mode"', text="For <b>nights</b>.")
    text = (await clients.visitor().get(path)).text
    assert '<meta property="og:title" content="Dark &#34;mode&#34;' in text
    assert '<meta property="og:description" content="For &lt;b&gt;nights&lt;/b&gt;.">' in text
    assert f'{path}">' in text.partition('rel="canonical"')[2][:200]


async def test_a_board_that_is_not_public_tells_programs_nothing(clients) -> None:
    await clients.set_board_public("default", on=False)
    for path in PATHS:
        assert (await clients.visitor().get(path)).status_code == 404, path
