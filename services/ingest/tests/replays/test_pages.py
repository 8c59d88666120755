"""The console's pages of replays and of the quarantine."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from plaudit.ingest.replays.jobs import ReplayJob
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres

REPLAYS, QUARANTINE = "/console/deliveries/replays", "/console/deliveries/quarantine"
BROADER = "UPDATE ingest.sources SET subject = 'globex'"


async def shown(staff: httpx.AsyncClient, path: str, **form: Any) -> str:
    answer = await staff.get(path, params=form or None)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def test_the_quarantine_counts_by_reason_and_leads_to_the_events(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    assert "Nothing is in quarantine." in await shown(staff, QUARANTINE)
    await ingest.post(source, [created("r-1", 9), created("r-2", 9), created("r-3", subject="globex")])
    await ingest.post(source, created("r-4", subject="globex"))
    await ingest.post(source, b"{")
    page = await shown(staff, QUARANTINE)
    assert re.findall(r'data-label="Events">(\d+)<', page) == ["1", "2", "2"]
    [address] = [link for link in re.findall(r'<a href="([^"]*reason=[^"]*)"', page) if "subject" in link]
    events = await shown(staff, address)
    assert events.count('class="name"') == 2
    assert "event 3" in events
    await ingest.superuser.execute("UPDATE ingest.deliveries SET scrubbed_at = now()")
    assert "Nothing is in quarantine." in await shown(staff, QUARANTINE)


async def test_a_reason_is_redriven_from_the_page_after_a_fix(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient, job: ReplayJob
):
    await ingest.post(source, [created("r-1", subject="globex"), created("r-2", 9), created("r-0")])
    await ingest.superuser.execute(BROADER)
    page = await shown(staff, QUARANTINE)
    forms = [dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) for form in page.split("<form")[1:]]
    [form] = [form for form in forms if "subject" in form.get("reason", "")]
    answer = await staff.post(REPLAYS, data=form)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    waiting = await shown(staff, address)
    assert '<meta http-equiv="refresh"' in waiting
    while await job.turn():
        pass
    done = await shown(staff, address)
    assert '<meta http-equiv="refresh"' not in done
    assert re.findall(r"<dt>([^<]*)</dt><dd[^>]*>(\d+)</dd>", done) == [("taken now", "1")]
    assert "What is in quarantine for one reason of native of acme" in await shown(staff, REPLAYS)
    assert "data.subject" not in (await shown(staff, QUARANTINE)).lower()


async def test_the_form_says_what_is_wrong_with_it_and_keeps_what_was_typed(source: Source, staff: httpx.AsyncClient):
    wrong = [
        {"source": ""},
        {"source": "nonsense"},
        {"source": source.id, "since": "yesterday"},
        {"source": source.id, "since": "2026-03-02T00:00", "before": "2026-03-01T00:00"},
    ]
    for form in wrong:
        answer = await staff.post(REPLAYS, data=form)
        assert (answer.status_code, answer.text.count('aria-invalid="true"')) == (422, 1), form
    answer = await staff.post(REPLAYS, data={"source": source.id, "since": "2026-03-01T00:00"})
    assert answer.status_code == 303
    assert "since 1 March 2026, 00:00:00 UTC" in await shown(staff, REPLAYS)


async def test_whoever_may_only_read_is_offered_no_replay(ingest: Ingest, source: Source):
    answer = await ingest.post(source, created("r-1", 9), "msg_1")
    assert answer.status_code == 422
    ours = {"sec-fetch-site": "same-origin", "accept": "text/html"}
    key = await ingest.key("default", "deliveries:read")
    session = await ingest.client.post("/sign-in", data={"key": key}, headers=ours)
    ingest.client.cookies.update(session.cookies)
    ingest.client.headers.update(ours)
    [[delivery_id]] = await ingest.rows("SELECT id FROM ingest.deliveries")
    for path in (QUARANTINE, REPLAYS, f"/console/deliveries/{delivery_id}"):
        assert f'action="{REPLAYS}"' not in await shown(ingest.client, path)
    assert (await ingest.client.post(REPLAYS, data={"delivery": str(delivery_id)})).status_code == 403
