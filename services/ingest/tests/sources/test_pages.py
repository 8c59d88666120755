"""The console's pages of sources."""

import asyncio
import os
import re
import sys
from html import unescape
from typing import Any

import httpx
import pytest

from plaudit.common.settings import address_of
from plaudit.ingest.platforms import ADAPTERS
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest
from plaudit_testing.runtime import until
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

PAGE = "/console/sources"
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
OTHER_SECRET = "whsec_" + "A" * 43 + "="
SHOP = {"name": "Our <shop>", "platform": "native", "subject": "acme/berlin"}


async def signed_in(ingest: Ingest, *scopes: str) -> httpx.AsyncClient:
    """A browser of whoever has these scopes, all without any."""
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key("default", *scopes)}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.clear()
    return httpx.AsyncClient(base_url=ingest.client.base_url, headers=OURS, cookies=answer.cookies, timeout=60)


@pytest.fixture
async def staff(ingest: Ingest):
    async with await signed_in(ingest) as browser:
        yield browser


async def shown(staff: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await staff.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return unescape(answer.text)


async def sent(staff: httpx.AsyncClient, path: str, **form: Any) -> httpx.Response:
    return await staff.post(path, data=form)


def hidden(page: str, name: str) -> str:
    [value] = set(re.findall(rf'name="{name}" value="([^"]*)"', page))
    return value


def secret_on(page: str) -> str:
    [secret] = re.findall(r'<code class="secret">([^<]*)</code>', page)
    return secret


async def test_the_list_says_how_each_source_is_doing(ingest: Ingest, staff: httpx.AsyncClient):
    assert "There is no source." in await shown(staff, PAGE)
    waiting, receiving, refused, paused = [await ingest.source(subject=f"acme/{n}") for n in range(4)]
    await ingest.post(receiving, created("r-1"))
    await ingest.post(refused, created("r-1"))
    await ingest.post(refused, {"type": "review.created", "data": {}})
    await sent(staff, f"{PAGE}/{paused.id}/pause")
    page = await shown(staff, PAGE)
    states = dict(re.findall(rf'{PAGE}/([0-9a-f-]{{36}})".*?<span class="pill \w+">([^<]*)</span>', page, re.DOTALL))
    assert states == {
        waiting.id: "waiting",
        receiving.id: "receiving",
        refused.id: "last delivery refused",
        paused.id: "paused",
    }


async def test_a_source_is_made_by_a_form_and_once_however_often_it_is_sent(ingest: Ingest, staff: httpx.AsyncClient):
    form = {**SHOP, "once": hidden(await shown(staff, f"{PAGE}/new"), "once"), "allowed_addresses": "::1\n 127.0.0.1 "}
    answers = [await sent(staff, f"{PAGE}/new", **form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    [made] = await ingest.items("/v1/sources")
    assert (made["name"], made["allowed_addresses"]) == ("Our <shop>", ["::1/128", "127.0.0.1/32"])
    assert answers[0].headers["location"] == f"{PAGE}/{made['id']}"
    page = (await staff.get(f"{PAGE}/{made['id']}")).text
    assert "Our &lt;shop&gt;" in page
    assert "<shop>" not in page
    other = await sent(staff, f"{PAGE}/new", **{**form, "name": "Other"})
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "Give it a name"),
        ({"subject": "Acme Berlin"}, "A subject"),
        ({"platform": "myspace"}, "No adapter for 'myspace'"),
        ({"secret": "short"}, "A secret has 8 to 512 characters."),
        ({"secret": "no base64 at all"}, "base64"),
        ({"platform": "trustpilot", "secret": "long enough"}, "signs nothing"),
        ({"platform": "native-v1a"}, "whpk_"),
        ({"allowed_addresses": "here"}, "'here' does not appear"),
        ({"allowed_addresses": "10.0.0.1/8"}, "has host bits set"),
        ({"time_zone": "Mars/Olympus"}, "There is no zone 'Mars/Olympus'"),
    ],
)
async def test_a_form_that_cannot_be_says_why_beside_the_field_and_keeps_what_was_typed(
    ingest: Ingest, staff: httpx.AsyncClient, wrong: dict[str, str], words: str
):
    answer = await sent(staff, f"{PAGE}/new", **{**SHOP, **wrong, "once": "x"})
    page = unescape(answer.text)
    assert answer.status_code == 422
    [field] = set(re.findall(r'id="(\w+)-error"', page))
    assert field in wrong or "secret" in (field, *wrong)
    assert words in page
    assert 'value="acme/berlin"' in page or "subject" in wrong
    assert "secret" not in wrong or wrong["secret"] not in page
    assert await ingest.items("/v1/sources") == []


def linked_errors(page: str) -> list[str]:
    """The fields that the summary of errors leads to; each has its error beside it."""
    [summary] = re.findall(r'<div class="problems".*?</div>', page, re.DOTALL)
    linked = re.findall(r'<li><a href="#([\w-]+)">', summary)
    assert sorted(linked) == sorted(re.findall(r'id="([\w-]+)-error"', page))
    assert all(f'id="{each}" ' in page for each in linked)
    return sorted(linked)


async def test_all_that_is_wrong_with_a_form_is_said_at_once(ingest: Ingest, staff: httpx.AsyncClient):
    wrong = {"name": "", "subject": "Acme Berlin", "secret": "no base64 at all"}
    wrong |= {"allowed_addresses": "here", "time_zone": "Mars/Olympus"}
    made = await sent(staff, f"{PAGE}/new", **{**SHOP, **wrong, "once": "x"})
    assert (made.status_code, linked_errors(made.text)) == (422, sorted(wrong))
    both = await sent(staff, f"{PAGE}/new", **{**SHOP, "platform": "myspace", "name": "", "once": "x"})
    assert linked_errors(both.text) == ["name", "platform"]
    source = await ingest.source()
    del wrong["secret"]
    changed = await sent(staff, f"{PAGE}/{source.id}/settings", **wrong, seen="1")
    assert (changed.status_code, linked_errors(changed.text)) == (422, sorted(wrong))
    assert [each["name"] for each in await ingest.items("/v1/sources")] != [""]


async def test_one_error_needs_no_summary(staff: httpx.AsyncClient):
    answer = await sent(staff, f"{PAGE}/new", **{**SHOP, "name": "", "once": "x"})
    assert 'class="problems"' not in answer.text


async def test_the_page_waits_for_the_first_event_and_turns_green_by_itself(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    path = f"{PAGE}/{source.id}"
    refresh = '<meta http-equiv="refresh"'
    page = await shown(staff, path)
    assert "Waiting for the first event …" in page
    assert refresh in page
    assert refresh not in await shown(staff, f"{path}?reload=no")
    body = b"{}"
    await ingest.send(source.hook, body, headers(OTHER_SECRET, body))

    async def says_why() -> bool:
        return "no signature matches" in await shown(staff, path)

    await until(says_why, "the reason of the failed attempt")
    assert "Waiting for the first event …" in await shown(staff, path)
    await ingest.post(source, created("r-1"))
    page = await shown(staff, path)
    assert '<p role="status"><b>Events arrive.</b>' in page
    assert refresh not in page
    assert "no signature matches" not in page
    await ingest.superuser.execute("DELETE FROM ingest.deliveries")
    assert "Events arrive." in await shown(staff, path)


async def test_the_secret_is_on_its_own_page_only_and_only_for_those_who_may_change_the_source(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    unsigned = await ingest.source(platform="trustpilot")
    token = unsigned.hook.rpartition("/")[2]
    for each, secret in ((source, source.secret), (unsigned, token)):
        path = f"{PAGE}/{each.id}"
        assert secret in await shown(staff, f"{path}/secret")
        for other in (PAGE, path, f"{path}/settings", f"{path}/delete"):
            assert secret not in await shown(staff, other)
        async with await signed_in(ingest, "sources:read") as reader:
            assert "Settings" not in await shown(reader, path)
            assert (await reader.get(f"{path}/secret")).status_code == 403
            for change in ("settings", "pause", "resume", "rotate", "delete"):
                assert (await reader.post(f"{path}/{change}", data={"name": "x"})).status_code == 403
    assert f"/v1/hooks/{source.id}</code>" in await shown(staff, f"{PAGE}/{source.id}")


async def test_settings_are_changed_unless_somebody_was_faster(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    path = f"{PAGE}/{source.id}"
    seen = hidden(await shown(staff, f"{path}/settings"), "seen")
    form = {"name": "Other", "subject": "acme/hamburg", "allowed_addresses": "", "time_zone": "Europe/Berlin"}
    assert (await sent(staff, f"{path}/settings", **form, seen=seen)).headers["location"] == path
    late = await sent(staff, f"{path}/settings", **{**form, "name": "Late"}, seen=seen)
    assert late.status_code == 422
    assert "was changed after this page was shown" in late.text
    assert 'value="Late"' in late.text
    for wrong, field in (({"name": ""}, "name"), ({"subject": "A"}, "subject"), ({"time_zone": "x"}, "time_zone")):
        answer = await sent(staff, f"{path}/settings", **{**form, **wrong}, seen="2")
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
    found = (await ingest.get(f"/v1/sources/{source.id}")).json()
    assert {name: found[name] for name in ("name", "subject", "time_zone", "revision")} == {
        "name": "Other",
        "subject": "acme/hamburg",
        "time_zone": "Europe/Berlin",
        "revision": 2,
    }


@pytest.mark.parametrize("platform", ["native", "trustpilot"])
async def test_a_rotation_shows_what_is_new_and_until_when_the_old_one_counts(
    ingest: Ingest, staff: httpx.AsyncClient, platform: str
):
    source = await ingest.source(platform=platform)
    path = f"{PAGE}/{source.id}"
    form = {"overlap": "24", "seen": hidden(await shown(staff, f"{path}/settings"), "seen")}
    page = unescape((await sent(staff, f"{path}/rotate", **form)).text)
    new = secret_on(page)
    assert new not in (source.secret, source.hook)
    assert "An older one counts until" in page
    assert "1 older one counts, until" in await shown(staff, path)
    assert new in await shown(staff, f"{path}/secret")
    again = await sent(staff, f"{path}/rotate", **form)
    assert again.status_code == 422
    assert "was changed after this page was shown" in again.text
    assert (await sent(staff, f"{path}/rotate", overlap="7", seen="2")).status_code == 422
    assert (await sent(staff, f"{path}/rotate", overlap="0", seen="2")).status_code == 200
    assert "older one" not in await shown(staff, path)


async def test_a_source_is_paused_and_goes_on(ingest_url: str):
    async with running_ingest(ingest_url, source_cache_seconds=0) as ingest, await signed_in(ingest) as staff:
        source = await ingest.source()
        path = f"{PAGE}/{source.id}"
        await sent(staff, f"{path}/pause")
        page = await shown(staff, path)
        assert "is paused" in page
        assert '<meta http-equiv="refresh"' not in page
        await ingest.post(source, created("r-1"))
        assert await ingest.items("/v1/reviews") == []
        await sent(staff, f"{path}/resume")
        await ingest.post(source, created("r-2"))
        assert len(await ingest.items("/v1/reviews")) == 1


async def test_a_source_is_deleted_by_its_name_only(ingest: Ingest, source: Source, staff: httpx.AsyncClient):
    path = f"{PAGE}/{source.id}"
    wrong = await sent(staff, f"{path}/delete", name="another")
    assert wrong.status_code == 422
    assert "This is not its name." in wrong.text
    assert (await sent(staff, f"{path}/delete", name="native of acme")).headers["location"] == PAGE
    for gone in ("", "/settings", "/secret", "/delete"):
        assert (await staff.get(path + gone)).status_code == 404
    assert (await sent(staff, f"{path}/pause")).status_code == 404


async def test_the_sources_of_others_are_none(ingest: Ingest, staff: httpx.AsyncClient):
    other = await ingest.source(tenant="globex")
    assert other.id not in await shown(staff, PAGE)
    for path in ("", "/settings", "/secret", "/delete"):
        assert (await staff.get(f"{PAGE}/{other.id}{path}")).status_code == 404
    for path in ("settings", "pause", "resume", "rotate", "delete"):
        assert (await sent(staff, f"{PAGE}/{other.id}/{path}", name="n", subject="s")).status_code == 404


async def test_pages_of_the_list_hold_each_source_once(
    ingest: Ingest, staff: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("plaudit.ingest.sources.pages.making.ROWS", 2)
    made = [(await ingest.source()).id for _ in range(3)]
    first = await shown(staff, PAGE)
    [following] = re.findall(r'href="([^"]*cursor=[^"]*)"', first)
    second = await shown(staff, following)
    assert [re.findall(rf'href="{PAGE}/([0-9a-f-]{{36}})"', page) for page in (first, second)] == [made[:2], made[2:]]


@pytest.mark.parametrize("title", ["Shell, with curl and OpenSSL", "Python"])
async def test_every_example_posts_a_review_as_it_is_shown(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient, title: str
):
    page = await shown(staff, f"{PAGE}/{source.id}")
    shown_programs = dict(re.findall(r"<summary>([^<]*)</summary>\n<pre[^>]*><code>(.*?)</code>", page, re.DOTALL))
    settings = ingest.resources.settings
    code = shown_programs[title].replace(address_of(settings), str(ingest.client.base_url).rstrip("/"))
    assert source.secret not in code
    command = {"Shell, with curl and OpenSSL": ["sh", "-c"], "Python": [sys.executable, "-c"]}[title]
    process = await asyncio.create_subprocess_exec(
        *command,
        code,
        env={**os.environ, "PLAUDIT_WEBHOOK_SECRET": source.secret},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert '"accepted":1' in out.decode()
    [review] = await ingest.items("/v1/reviews")
    assert review["source_id"] == source.id


async def test_the_example_of_an_address_with_a_token_reads_the_token_from_the_environment(
    ingest: Ingest, staff: httpx.AsyncClient
):
    source = await ingest.source(platform="trustpilot")
    page = await shown(staff, f"{PAGE}/{source.id}")
    assert f"/v1/hooks/{source.id}/" in page
    assert "PLAUDIT_WEBHOOK_SECRET" in page
    assert source.hook.rpartition("/")[2] not in page


async def test_the_guide_of_every_platform_is_reached_from_the_list_and_from_the_form(staff: httpx.AsyncClient):
    assert f'href="{PAGE}/platforms"' in await shown(staff, PAGE)
    assert f'href="{PAGE}/platforms"' in await shown(staff, f"{PAGE}/new")
    listed = re.findall(rf'href="{PAGE}/platforms/([a-z0-9-]+)"', await shown(staff, f"{PAGE}/platforms"))
    assert sorted(listed) == sorted(ADAPTERS)
    for platform in listed:
        page = await shown(staff, f"{PAGE}/platforms/{platform}")
        assert "<h2>Connect</h2>" in page
        assert ADAPTERS[platform].title in page
        [new] = re.findall(r'href="([^"]+)">Make a source of it', page)
        form = await shown(staff, new)
        if not ADAPTERS[platform].needs_mapping:
            assert f'<option value="{platform}" selected>' in form
            assert "<h3>Connect</h3>" in form
    await shown(staff, f"{PAGE}/platforms/nowhere", 404)


async def test_a_source_shows_the_guide_of_its_platform(ingest: Ingest, staff: httpx.AsyncClient):
    source = await ingest.source(platform="trustpilot", subject="acme")
    waiting = await shown(staff, f"{PAGE}/{source.id}")
    assert "What to do at Trustpilot, and its limits" in waiting
    assert "<details open>\n<summary>The guide</summary>" in waiting
    assert "<h3>Good to know</h3>" in waiting
    assert f'href="{PAGE}/platforms/trustpilot"' in waiting
