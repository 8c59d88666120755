"""The console's pages of cadences."""

import json
import re

import pytest

from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.schemas.rules import document_of
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.tenants import commands as tenants
from plaudit_testing.cadences import on

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def signed_in(stage):
    async def sign_in(*scopes):
        browser = stage.plain_client(accept="text/html")
        async with stage.common.transaction() as tx:
            await tenants.create(tx, "default", "Default")
            key = await api_keys.create(tx, "default", "page", scopes or ("*",))
        assert (await browser.post("/sign-in", data={"key": key}, headers=OURS)).status_code == 303
        return browser

    return sign_in


def task_paths(page):
    return re.findall(r'href="(/console/cadences/tasks/[0-9a-f-]{36})"', page)


async def test_the_week_is_a_table_and_leads_to_tasks_and_digests(cadence, signed_in):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.told("purchased", on(-5), received=on(0))
    await cadence.goes_to(on(1))
    browser = await signed_in()
    page = (await browser.get("/console/cadences")).text
    assert "New customer, days 0, 3, 7 and 30" in page
    assert re.search(r'Thu 5 March</time></th>\s*<td class="number" data-label="Contacts">1</td>', page)
    assert len(task_paths(page)) == 1
    digest = (await browser.get("/console/cadences/digests/2026-03-02")).text
    assert "The week to 2 March 2026" in digest


async def test_a_task_is_done_by_a_form_and_only_once(cadence, signed_in):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    browser = await signed_in()
    [path] = task_paths((await browser.get("/console/cadences/tasks")).text)
    refused = await browser.post(f"{path}/done", data={"channel": "pigeon"}, headers=OURS)
    assert (refused.status_code, "Choose one." in refused.text) == (422, True)
    done = await browser.post(f"{path}/done", data={"channel": "phone", "note": "<b>Happy</b>"}, headers=OURS)
    assert (done.status_code, done.headers["location"]) == (303, "/console/cadences/tasks")
    page = (await browser.get(path)).text
    assert "&lt;b&gt;Happy&lt;/b&gt;" in page
    assert "The customer was contacted" not in page
    again = await browser.post(f"{path}/skip", data={"why": "late"}, headers=OURS)
    assert (again.status_code, again.headers["location"]) == (303, path)
    assert [each[1] for each in await cadence.touchpoints()] == ["done"]


async def test_a_form_of_another_site_does_nothing(cadence, signed_in):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    browser = await signed_in()
    [path] = task_paths((await browser.get("/console/cadences/tasks")).text)
    elsewhere = {**OURS, "sec-fetch-site": "cross-site"}
    assert (await browser.post(f"{path}/skip", data={"why": "x"}, headers=elsewhere)).status_code == 403
    assert [each[1] for each in await cadence.touchpoints()] == ["open"]


async def test_rules_are_changed_by_a_form_which_shows_each_mistake_and_keeps_the_text(cadence, signed_in):
    browser = await signed_in()
    page = (await browser.get("/console/cadences/rules")).text
    assert "0, 3, 7 and 30 days after the stage begins" in page
    assert "1 day after an upgrade, with a reminder after 7 days" in page
    document = document_of(DEFAULT) | {"zone": "Europe/Berlin"}
    wrong = json.dumps(document | {"owner": "nobody", "zone": "Mars"})
    refused = await browser.post("/console/cadences/rules", data={"document": wrong, "number": "0"}, headers=OURS)
    assert refused.status_code == 422
    assert "<code>/owner</code>" in refused.text
    assert "<code>/zone</code>" in refused.text
    assert "&#34;Mars&#34;" in refused.text
    not_json = await browser.post("/console/cadences/rules", data={"document": "{", "number": "0"}, headers=OURS)
    assert (not_json.status_code, "The text is not JSON" in not_json.text) == (422, True)
    good = {"document": json.dumps(document), "number": "0"}
    assert (await browser.post("/console/cadences/rules", data=good, headers=OURS)).status_code == 303
    page = (await browser.get("/console/cadences/rules")).text
    assert "Revision 1 is in force. Dates are those of Europe/Berlin" in unwrapped(page)
    assert re.search(r"Revision 1, <bdi>key [a-z2-7]{16}", page)
    late = await browser.post("/console/cadences/rules", data=good, headers=OURS)
    assert (late.status_code, "Revision 1 is in force now." in late.text) == (422, True)


async def test_whoever_may_only_read_has_no_forms(cadence, signed_in):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    browser = await signed_in("cadences:read")
    [path] = task_paths((await browser.get("/console/cadences/tasks")).text)
    assert "/done" not in (await browser.get(path)).text
    assert "<textarea" not in (await browser.get("/console/cadences/rules")).text
    assert (await browser.post(f"{path}/skip", data={"why": "x"}, headers=OURS)).status_code == 403
    assert (await browser.post("/console/cadences/rules", data={"document": "{}"}, headers=OURS)).status_code == 403


def unwrapped(page):
    return " ".join(page.split())
