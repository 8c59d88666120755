"""What everybody sees without a key, on a real database."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from starlette.responses import HTMLResponse
from starlette.routing import Route

from plaudit.common.http.app import create_ops_app
from plaudit.common.process import Resources
from plaudit.scoring.main import build
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.browser import browser, needs_browser
from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state
from plaudit_testing.serving import serving

pytestmark = pytest.mark.postgres

ASKED = {"tenant": "default", "subject": "acme"}
LIMIT = 40
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def more_settings() -> dict[str, Any]:
    return {
        "kafka_bootstrap_servers": NO_KAFKA,
        "badges_per_hour_per_network": LIMIT,
        "public_url": "https://plaudit.example",
    }


async def test_a_badge_is_an_image_with_a_title_and_all_figures_in_words(
    anybody: httpx.AsyncClient, kite: None
) -> None:
    for query in ("", "?theme=light", "?theme=dark", "?size=compact"):
        answer = await anybody.get(f"/badges/default/acme.svg{query}")

        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        image = ET.fromstring(answer.text)
        title, desc = image.find(f"{SVG}title"), image.find(f"{SVG}desc")
        assert title is not None
        assert desc is not None
        assert title.text == "Reviews of Kite </script> & Co"
        assert image.attrib["aria-labelledby"] == f"{title.attrib['id']} {desc.attrib['id']}"
        assert "from 6 reviews. 1 of them were given for a reward. 5 stars: 2, 4 stars: 2" in (desc.text or "")
        texts = [each.text for each in image.iter(f"{SVG}text")]
        assert "6 reviews" in texts
        assert any((text or "").startswith("1 for a reward") for text in texts)
        assert any("4.0 : 1" in (text or "") for text in texts)


@pytest.mark.parametrize(("query", "side"), [("", "width"), ("?size=compact", "height")])
async def test_every_badge_draws_how_many_reviews_have_which_stars(
    anybody: httpx.AsyncClient, kite: None, query: str, side: str
) -> None:
    image = ET.fromstring((await anybody.get(f"/badges/default/acme.svg{query}")).text)
    bars = [each for each in image.iter(f"{SVG}rect") if each.attrib["class"] in {"l", "a"}]

    wholes = {float(each.attrib[side]) for each in bars if each.attrib["class"] == "l"}
    [whole] = wholes
    drawn = [round(6 * float(each.attrib[side]) / whole) for each in bars if each.attrib["class"] == "a"]
    assert sorted(drawn) == [1, 1, 2, 2]  # of 6 reviews, none of which has two stars


async def test_a_badge_takes_nothing_from_elsewhere_and_its_one_style_is_the_one_that_may_apply(
    anybody: httpx.AsyncClient, kite: None
) -> None:
    for query in ("", "?theme=light", "?theme=dark", "?size=compact"):
        answer = await anybody.get(f"/badges/default/acme.svg{query}")
        image = ET.fromstring(answer.text)
        [style] = image.iter(f"{SVG}style")

        digest = base64.b64encode(sha256((style.text or "").encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]
        assert not re.search(r"href|url\(|@import|<script", answer.text)


async def test_the_theme_is_the_readers_unless_one_is_asked_for(anybody: httpx.AsyncClient, kite: None) -> None:
    images = {
        theme: (await anybody.get("/badges/default/acme.svg", params={"theme": theme})).text
        for theme in ("auto", "light", "dark")
    }

    assert {theme: "prefers-color-scheme" in image for theme, image in images.items()} == {
        "auto": True,
        "light": False,
        "dark": False,
    }
    assert problem_of(await anybody.get("/badges/default/acme.svg?theme=pink")) == (422, "invalid-request")


async def test_structured_data_has_the_plain_mean_and_all_figures(anybody: httpx.AsyncClient, kite: None) -> None:
    answer = await anybody.get("/badges/default/acme.json")
    data = answer.json()

    assert answer.headers["content-type"] == "application/ld+json"
    assert data["aggregateRating"]["ratingValue"] == 3.67
    assert data["aggregateRating"]["reviewCount"] == 6
    assert data["figures"]["distribution"] == {"1": 1, "2": 0, "3": 1, "4": 2, "5": 2}
    assert data["aggregateRating"]["url"] == "https://plaudit.example/badges/default/acme.html"


async def test_the_page_has_no_script_and_only_badges_may_be_framed(anybody: httpx.AsyncClient, kite: None) -> None:
    page = await anybody.get("/badges/default/acme.html")

    [(kind, inner)] = re.findall(r"<script([^>]*)>(.*?)</script>", page.text)
    assert kind == ' type="application/ld+json"'
    assert json.loads(inner)["name"] == "Kite </script> & Co"
    assert "6 reviews, <b>1 of them given for a reward</b>. Positive : negative 4.0 : 1." in page.text
    framed = {
        path: re.search(r"frame-ancestors ([^;]*)", (await anybody.get(path)).headers["content-security-policy"])
        for path in ("/badges/default/acme.html", "/badges/default/acme.svg", "/scores/how/trust", "/badges/x/y.html")
    }
    assert [found and found[1] for found in framed.values()] == ["*", "*", "'none'", "'none'"]
    assert "script-src" not in page.headers["content-security-policy"]


@pytest.mark.parametrize("end", [".svg", ".json", ".html"])
async def test_any_site_may_show_it_and_keep_it_for_five_minutes(
    anybody: httpx.AsyncClient, kite: None, end: str
) -> None:
    answer = await anybody.get(f"/badges/default/acme{end}")

    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "set-cookie" not in answer.headers
    again = await anybody.get(f"/badges/default/acme{end}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    assert again.headers["cache-control"] == "public, max-age=300"


PUBLIC = ["/badges/default/acme.svg", "/badges/default/acme.html", "/badges/default/acme.json"]


@pytest.mark.parametrize("path", [*PUBLIC, "/scores/how/trust", "/scores/how/lifetime?tenant=default&subject=acme"])
async def test_whoever_asks_for_the_head_alone_gets_that_of_the_whole_answer(
    anybody: httpx.AsyncClient, kite: None, path: str
) -> None:
    whole, head = await anybody.get(path), await anybody.head(path)

    kept = ("cache-control", "content-type", "content-length", "cross-origin-resource-policy")
    assert (head.status_code, head.headers["cache-control"]) == (200, "public, max-age=300")
    assert {name: head.headers[name] for name in kept} == {name: whole.headers[name] for name in kept}
    tag = {"if-none-match": head.headers["etag"]}
    answers = [await anybody.head(path, headers=tag), await anybody.head(path, headers={"if-none-match": '"x"'})]
    assert [each.status_code for each in answers] == [304, 200]
    assert answers[0].headers["etag"] == head.headers["etag"]


@pytest.mark.parametrize("path", [*PUBLIC, "/scores/how/trust", "/badges/default/hooli.json"])
async def test_a_script_of_any_site_may_ask_with_headers_of_its_own_and_read_every_answer(
    anybody: httpx.AsyncClient, kite: None, path: str
) -> None:
    asked = {"origin": "https://shop.example", "access-control-request-method": "GET"}
    may = await anybody.options(path, headers={**asked, "access-control-request-headers": "if-none-match,x-shop"})

    assert (may.status_code, may.content) == (204, b"")
    assert may.headers["access-control-allow-origin"] == may.headers["access-control-allow-headers"] == "*"
    assert may.headers["access-control-allow-methods"] == "GET, HEAD"
    assert "access-control-allow-credentials" not in may.headers
    found = [await anybody.get(path, headers={"origin": asked["origin"]}) for _ in range(LIMIT + 1)]
    assert 429 in {each.status_code for each in found}
    for each in found:
        assert each.headers.get_list("access-control-allow-origin") == ["*"]
        assert each.headers["access-control-expose-headers"] == "ETag, Retry-After"


@pytest.mark.parametrize(
    "path", ["/v1/badges/acme", "/console/scores", "/badge-static/badges.css", "/badges", "/scores"]
)
async def test_scripts_of_other_sites_may_read_nothing_else(anybody: httpx.AsyncClient, path: str) -> None:
    asked = {"origin": "https://shop.example", "access-control-request-method": "GET"}
    for answer in (await anybody.options(path, headers=asked), await anybody.get(path)):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


MATTERS = {
    "/badges/default/acme.svg?theme=dark&size=compact": ("/badges/default/acme.svg", ', except=("theme" "size")'),
    "/badges/default/acme.html": ("/badges/default/acme.html", ""),
    "/badges/default/acme.json": ("/badges/default/acme.json", ""),
    "/scores/how/trust": ("/scores/how/trust", ', except=("tenant" "subject")'),
    "/scores/how/recent?subject=acme&tenant=default": (
        "/scores/how/recent?tenant=default&subject=acme",
        ', except=("tenant" "subject")',
    ),
}


@pytest.mark.parametrize("path", MATTERS)
async def test_what_others_add_to_an_address_changes_nothing_and_every_answer_names_its_own_address(
    anybody: httpx.AsyncClient, kite: None, path: str
) -> None:
    own, matters = MATTERS[path]

    plain = await anybody.get(path)
    passed_on = await anybody.get(f"{path}{'&' if '?' in path else '?'}utm_source=mail&fbclid=x%3Cy")

    assert (passed_on.status_code, passed_on.content) == (200, plain.content)
    assert passed_on.headers["etag"] == plain.headers["etag"]
    assert {each.headers["link"] for each in (plain, passed_on)} == {f'<https://plaudit.example{own}>; rel="canonical"'}
    assert plain.headers["no-vary-search"] == f"key-order, params{matters}"


async def test_a_value_that_a_parameter_of_ours_does_not_have_is_refused(
    anybody: httpx.AsyncClient, kite: None
) -> None:
    assert (await anybody.get("/badges/default/acme.svg?theme=blue")).status_code == 422


async def test_a_changed_figure_has_another_tag(anybody: httpx.AsyncClient, kite: None, bus) -> None:
    before = (await anybody.get("/badges/default/acme.svg")).headers["etag"]
    await bus.tell(None, review_state(1, "acme", rated_at=datetime.now(UTC)))

    after = await anybody.get("/badges/default/acme.svg", headers={"if-none-match": before})

    assert (after.status_code, "7 reviews" in after.text) == (200, True)


async def test_what_is_private_cannot_be_told_from_what_there_is_not(anybody: httpx.AsyncClient, kite: None) -> None:
    nobodies = ("default/acme/berlin", "default/hooli", "nobody/acme", "default/NO_subject", "-/acme", "default/a//b")
    for end in (".svg", ".json", ".html"):
        answers = [await anybody.get(f"/badges/{name}{end}") for name in nobodies]

        assert {(*problem_of(each), each.json()["detail"]) for each in answers} == {
            (404, "not-found", answers[0].json()["detail"])
        }
        assert {each.headers["cache-control"] for each in answers} == {"no-store"}
    how = [await anybody.get("/scores/how/trust", params={"tenant": "default", "subject": "acme/berlin"})]
    how += [await anybody.get("/scores/how/trust", params={"tenant": "nobody", "subject": "x"})]
    how += [await anybody.get("/scores/how/trust", params={"subject": "acme"}), await anybody.get("/scores/how/fast")]
    assert {problem_of(each) for each in how} == {(404, "not-found")}


async def test_a_subject_is_public_until_it_is_made_private(
    anybody: httpx.AsyncClient, writer: httpx.AsyncClient, kite: None
) -> None:
    assert (await anybody.get("/badges/default/acme.svg")).status_code == 200
    await writer.delete("/v1/badges/acme")

    assert (await anybody.get("/badges/default/acme.svg")).status_code == 404


async def test_a_subject_without_reviews_says_so(anybody: httpx.AsyncClient, writer: httpx.AsyncClient) -> None:
    await writer.put("/v1/badges/new", json={"name": "New"})

    for end in (".svg", ".svg?size=compact", ".html", ".json"):
        answer = await anybody.get(f"/badges/default/new{end}")
        assert answer.status_code == 200
        assert ("There is no review yet." in answer.text) == (end != ".json")
    assert "aggregateRating" not in (await anybody.get("/badges/default/new.json")).json()
    how = await anybody.get("/scores/how/trust", params={"tenant": "default", "subject": "new"})
    assert "There is no review yet, so no score is shown" in how.text


async def test_a_network_may_ask_so_often_within_an_hour_whatever_it_finds(
    anybody: httpx.AsyncClient, kite: None
) -> None:
    found = [(await anybody.get(f"/badges/default/guess-{n}.svg")).status_code for n in range(LIMIT)]
    refused = await anybody.get("/badges/default/acme.svg")

    assert set(found) == {404}
    assert problem_of(refused) == (429, "too-much-at-once")
    assert int(refused.headers["retry-after"]) > 0


async def test_views_of_a_page_are_not_each_written(
    anybody: httpx.AsyncClient, kite: None, resources: Resources[ScoringSettings], superuser
) -> None:
    resources.settings = resources.settings.model_copy(update={"badges_per_hour_per_network": 3_600})
    tag = (await anybody.get("/badges/default/acme.svg")).headers["etag"]
    for _ in range(24):
        await anybody.get("/badges/default/acme.svg", headers={"if-none-match": tag})

    [(used, version)] = await superuser.fetch("SELECT used, xmin::text FROM scoring.rate_limits")
    for _ in range(15):
        await anybody.get("/badges/default/acme.svg", headers={"if-none-match": tag})

    assert used == 40
    assert [tuple(row) for row in await superuser.fetch("SELECT used, xmin::text FROM scoring.rate_limits")] == [
        (used, version)
    ]


async def test_shares_for_those_who_do_not_see_the_bars_add_up_to_100_percent(
    anybody: httpx.AsyncClient, kite: None
) -> None:
    page = (await anybody.get("/badges/default/acme.html")).text

    shares = re.findall(r'<span class="visually-hidden">([\d<]+ %)</span>', page)
    assert shares == ["33 %", "33 %", "17 %", "0 %", "17 %"]


@needs_browser
@pytest.mark.parametrize(
    "name",
    ["W" * 60, "日本語の長い名前のお店でございます" * 2, "🙀" * 50, "ШКОЛА ЮНЫХ ЩЕГОЛЕЙ ИЗ ЖМЕРИНКИ И ЫШТЫКА", "Kite"],
)
async def test_no_name_leaves_the_badge(
    resources: Resources[ScoringSettings], writer: httpx.AsyncClient, kite: None, tmp_path: Path, name: str
) -> None:
    await writer.put("/v1/badges/acme", json={"name": name})
    app = build(resources).app
    assert app is not None
    async with serving(app) as client, browser(tmp_path) as page:
        await page.goto(f"{client.base_url}/badges/default/acme.svg")
        box = await page.locator("text").first.bounding_box()

    assert box is not None
    assert 16 <= box["x"] + box["width"] <= 364


@needs_browser
@pytest.mark.parametrize("policy", ["unsafe-none", "require-corp"])
async def test_badges_show_in_every_way_that_a_site_embeds_them(
    resources: Resources[ScoringSettings], kite: None, tmp_path: Path, policy: str
) -> None:
    app = build(resources).app
    assert app is not None
    async with serving(app) as client, browser(tmp_path) as page:
        badge = f"{str(client.base_url).rstrip('/')}/badges/default/acme"
        ways = {
            "img": f'<img src="{badge}.svg">',
            "object": f'<object data="{badge}.svg" type="image/svg+xml"></object>',
            "embed": f'<embed src="{badge}.svg">',
            "image in a frame": f'<iframe src="{badge}.svg"></iframe>',
            "page in a frame": f'<iframe src="{badge}.html"></iframe>',
            "page in a sandbox": f'<iframe sandbox src="{badge}.html"></iframe>',
        }
        headers = {"cross-origin-embedder-policy": policy, "content-security-policy": "default-src *"}
        site = create_ops_app(
            "elsewhere", [Route("/", lambda _: HTMLResponse("".join(ways.values()), headers=headers))]
        )
        refused: list[str] = []
        page.on("requestfailed", lambda request: refused.append(f"{request.url}: {request.failure}"))
        async with serving(site) as elsewhere:
            await page.goto(str(elsewhere.base_url).replace("127.0.0.1", "localhost"), wait_until="networkidle")

            shown = [frame.url for frame in page.frames if await frame.get_by_text("6 reviews").count()]
    assert refused == []
    assert len(shown) == len(ways) - 1, shown


async def test_the_badge_its_page_and_its_data_show_the_profile_that_was_chosen(
    anybody: httpx.AsyncClient, writer: httpx.AsyncClient, superuser, bus
) -> None:
    await set_profile(superuser, own("fast", 3.0, prior_value=1.0))
    await bus.tell(None, review_state(5, "acme", rated_at=datetime.now(UTC)))
    await bus.tell(None, review_state(5, "acme", rated_at=datetime.now(UTC) - timedelta(days=3)))
    await writer.put("/v1/badges/acme", json={"name": "Kite"})
    await writer.put("/v1/badge-profile", json={"profile": "fast"})

    data = (await anybody.get("/badges/default/acme.json")).json()["figures"]
    page = (await anybody.get("/badges/default/acme.html")).text
    assert (data["profile"], data["score"], data["mean"], data["count"]) == ("fast", 2.71, 5.0, 2)
    assert ">2.71<" in (await anybody.get("/badges/default/acme.svg")).text
    assert "How the score “fast” is calculated" in page
    assert "/scores/how/fast?tenant=default&amp;subject=acme" in page
    names = re.findall(r'<a href="/scores/how/([a-z]+)', (await anybody.get("/scores/how/recent", params=ASKED)).text)
    assert names == ["trust", "recent", "lifetime", "fast"]


@needs_browser
async def test_another_site_can_show_the_badge_and_frame_its_page_and_no_other(
    resources: Resources[ScoringSettings], kite: None, tmp_path: Path
) -> None:
    app = build(resources).app
    assert app is not None
    async with serving(app) as client, browser(tmp_path) as page:
        here = str(client.base_url).rstrip("/")
        body = (
            f'<img id="badge" src="{here}/badges/default/acme.svg">'
            f'<iframe id="page" src="{here}/badges/default/acme.html"></iframe>'
            f'<iframe id="how" src="{here}/scores/how/trust"></iframe>'
        )
        site = create_ops_app("elsewhere", [Route("/", lambda _: HTMLResponse(body))])
        async with serving(site) as elsewhere:
            await page.goto(str(elsewhere.base_url))
            await page.frame_locator("#page").get_by_role("heading", name="Kite").wait_for()
            assert await page.frame_locator("#page").get_by_text("4.0 : 1").is_visible()
            box = await page.locator("#badge").bounding_box()
            assert box is not None
            assert (box["width"], box["height"]) == (380, 124)
            assert await page.frame_locator("#how").get_by_role("heading").count() == 0
