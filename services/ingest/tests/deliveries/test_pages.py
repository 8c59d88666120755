"""The console's pages of deliveries."""

import asyncio
import re
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import pytest

from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.signing_in import without_zone

pytestmark = pytest.mark.postgres

PAGE = "/console/deliveries"


async def shown(staff: httpx.AsyncClient, path: str = PAGE, **form: Any) -> str:
    answer = await staff.get(path, params=form or None)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def pills(page: str) -> list[str]:
    return re.findall(r'<span class="pill \w+">([^<]*)</span>\n</li>', page)


async def test_an_empty_log_says_what_fills_it(staff: httpx.AsyncClient):
    assert "Nothing has come yet." in await shown(staff)
    assert "No delivery is like that." in await shown(staff, show="not-taken")
    assert "Every delivery was proven." in await shown(staff, show="not-proven")


async def test_the_log_says_of_each_delivery_what_became_of_it(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    await ingest.post(source, [created("r-1"), created("r-2")], "msg_1")
    await ingest.post(source, [created("r-1"), created("r-3", 9), {"type": "ping", "data": {}}], "msg_2")
    await ingest.post(source, b"{", "msg_3")
    await ingest.post(source, created("r-8"), "msg_1")
    assert pills(await shown(staff)) == [
        "set aside",
        "refused",
        "1 nothing new, 1 quarantined, 1 not for us",
        "2 taken",
    ]
    assert len(pills(await shown(staff, show="not-taken"))) == 3
    assert pills(await shown(staff, search="r-2")) == ["2 taken"]
    assert pills(await shown(staff, search="r-2", source=str(uuid4()))) == ["2 taken"], "an unknown source is none"
    assert "<script" not in without_zone((await staff.get(PAGE, params={"search": '"><script>'})).text)


async def test_attempts_that_are_not_proven_are_in_the_log_with_their_reason(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    await ingest.send(source.hook, b"{}", {})
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            page = await shown(staff, show="not-proven")
            if "webhook-signature is missing" in page:
                break
            await asyncio.sleep(0.1)
    assert "1 attempt" in page
    assert f"/console/sources/{source.id}/test" in page
    assert "native of acme" in page


async def test_one_delivery_shows_its_body_its_headers_and_each_verdict(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    answer = await ingest.post(source, [created("r-1", text="<b>so-so</b>"), created("r-2", 9)], "msg_1")
    page = await (await staff.get(f"{PAGE}/{answer.json()['delivery_id']}")).aread()
    text = page.decode()
    assert "&lt;b&gt;so-so&lt;/b&gt;" in text
    assert "msg_1" in text
    assert "application/json" in text
    assert '<span class="pill good">taken</span>' in text
    assert '<span class="pill bad">quarantined</span>' in text
    assert (await staff.get(f"{PAGE}/{uuid4()}")).status_code == 404


async def test_a_body_that_is_no_text_is_not_shown_as_one(ingest: Ingest, source: Source, staff: httpx.AsyncClient):
    await ingest.post(source, b"\xff\xfe{", "msg_1")
    [item] = await ingest.items(f"/v1{PAGE.removeprefix('/console')}")
    page = await shown(staff, f"{PAGE}/{item['id']}")
    assert "It is no text in UTF-8." in page
    assert '<p role="alert">' in page


async def test_pages_lead_on_with_the_same_filters(ingest: Ingest, source: Source, staff: httpx.AsyncClient):
    for number in range(35):
        await ingest.post(source, created(f"r-{number}", 9), f"msg_{number}")
    first = await shown(staff, search="scale", source=source.id)
    [following] = re.findall(r'href="([^"]*cursor=[^"]*)"', first.split('class="pager"')[1])
    assert "search=scale" in following
    second = await shown(staff, following)
    ids = [re.findall(r"<code>(msg_\d+)</code>", page) for page in (first, second)]
    assert ids[0] + ids[1] == [f"msg_{number}" for number in reversed(range(35))]
