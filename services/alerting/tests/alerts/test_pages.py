"""The console's pages of alerts and of silences."""

import pytest

from plaudit.alerting.alerts.domain.alert import address_alert, storm_alert
from plaudit.alerting.alerts.store import alerts as store
from plaudit.common.contracts import Severity
from plaudit_testing.clocks import at, review

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
SILENCES = "/console/silences"


@pytest.fixture
async def admin(stage):
    client = await stage.client()
    key = client.headers["authorization"].removeprefix("Bearer ")
    page = stage.plain_client(accept="text/html")
    await page.post("/sign-in", data={"key": key}, headers=OURS)
    return page


async def test_a_subject_is_silenced_and_the_silence_is_ended_without_a_script(stage, admin):
    assert "Nothing was silenced." in (await admin.get(SILENCES)).text
    form = {"subject": "acme/berlin", "hours": "24", "reason": "<b>Moving</b>"}
    begun = await admin.post(SILENCES, data=form, headers=OURS)
    assert (begun.status_code, begun.headers["location"]) == (303, SILENCES)
    page = (await admin.get(SILENCES)).text
    assert "&lt;b&gt;Moving&lt;/b&gt;" in page
    assert "holds" in page
    [row] = await stage.rows("SELECT id FROM silences")
    ended = await admin.post(f"{SILENCES}/{row['id']}/end", headers=OURS)
    assert ended.status_code == 303
    assert "ended early" in (await admin.get(SILENCES)).text


async def test_what_is_wrong_stands_beside_its_field(admin):
    refused = await admin.post(SILENCES, data={"subject": "No Subject", "hours": "5", "reason": "\u200b"}, headers=OURS)
    assert refused.status_code == 422
    for words in ("A subject is a path", "Choose one.", "Write why, in a few words"):
        assert words in refused.text, words
    assert "Nothing was silenced." in refused.text


async def test_the_page_of_a_breach_has_the_words_of_the_review_and_leads_to_its_clock(stage, admin):
    await stage.happens(None, review(title="Never <again>", severity=Severity.DRASTIC), at(0))
    await stage.move_to(at(5))
    await stage.fires()
    [alert] = await stage.rows("SELECT id, clock_id FROM alerts")
    page = (await admin.get(f"/console/alerts/{alert['id']}")).text
    assert "<p>Never &lt;again&gt;</p>" in page
    assert "<dt>Due</dt>" in page
    assert "note there that it is done" in page
    assert f'href="/console/desk/{alert["clock_id"]}"' in page


@pytest.fixture
async def storm(stage):
    """The path of an alert that no clock and no review has."""
    await stage.move_to(at(0))
    async with stage.worker.transaction() as tx:
        raised = storm_alert("default", "owner@acme.example", tx.now, "Storm <b>of</b> messages")
        await store.raise_all(tx, [raised])
    return f"/console/alerts/{raised.id}"


async def test_an_alert_without_a_clock_is_found_and_acknowledged_without_a_script(stage, admin, storm):
    assert storm in (await admin.get("/console")).text
    assert "Storm &lt;b&gt;of&lt;/b&gt; messages" in (await admin.get("/console/alerts?state=open")).text
    refused = await admin.post(f"{storm}/acknowledge", data={"remind": "7"}, headers=OURS)
    assert (refused.status_code, "Choose one of the list." in refused.text) == (422, True)
    done = await admin.post(f"{storm}/acknowledge", data={"remind": "60"}, headers=OURS)
    assert (done.status_code, done.headers["location"]) == (303, storm)
    page = (await admin.get(storm)).text
    assert "The alert is acknowledged" in page
    assert "Opens again" in page
    assert "There is no such alert." in (await admin.get("/console/alerts?state=open")).text


async def test_an_alert_without_a_clock_is_assigned_and_silenced(stage, admin, storm):
    refused = await admin.post(f"{storm}/assign", data={"to": "nobody@acme.example"}, headers=OURS)
    assert (refused.status_code, "None of your people has this address." in refused.text) == (422, True)
    assert (await admin.post(f"{storm}/assign", data={"to": "owner@acme.example"}, headers=OURS)).status_code == 303
    assert (await admin.post(f"{storm}/silence", data={"hours": "4"}, headers=OURS)).status_code == 422
    form = {"hours": "4", "reason": "We know."}
    assert (await admin.post(f"{storm}/silence", data=form, headers=OURS)).status_code == 303
    rows = await stage.rows("SELECT kind FROM audit ORDER BY id")
    assert [row["kind"] for row in rows] == ["alert.assigned", "silence.began"]
    unknown = storm.rpartition("/")[0] + "/01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11"
    assert (await admin.get(unknown)).status_code == 404
    assert (await admin.post(f"{unknown}/acknowledge", headers=OURS)).status_code == 404


async def test_the_page_of_silences_names_the_alert_that_is_silenced_and_leads_to_it(admin, storm):
    await admin.post(f"{storm}/silence", data={"hours": "4", "reason": "We know."}, headers=OURS)
    page = (await admin.get(SILENCES)).text
    assert f'<a href="{storm}" dir="auto">Storm &lt;b&gt;of&lt;/b&gt; messages</a>' in page


async def test_an_alert_of_whose_end_nothing_tells_is_resolved_with_a_reason_that_its_page_shows(stage, admin):
    await stage.move_to(at(0))
    async with stage.worker.transaction() as tx:
        raised = address_alert("default", "eve@acme.example", "550 no such user", "owner@acme.example", tx.now)
        await store.raise_all(tx, [raised])
    path = f"/console/alerts/{raised.id}"
    refused = await admin.post(f"{path}/resolve", data={"note": " "}, headers=OURS)
    assert (refused.status_code, "Write why, in a few words for your team." in refused.text) == (422, True)
    done = await admin.post(f"{path}/resolve", data={"note": "<i>Eve</i> has left."}, headers=OURS)
    assert (done.status_code, done.headers["location"]) == (303, path)
    page = (await admin.get(path)).text
    assert "whoever was told of it is told why" in page
    assert "&lt;i&gt;Eve&lt;/i&gt; has left." in page
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0]
    await admin.post(f"{path}/resolve", data={"note": "Again."}, headers=OURS)
    assert "The alert is resolved: there is nothing left to look at." in (await admin.get(path)).text


async def test_what_ends_by_itself_is_not_resolved_by_hand_and_its_page_says_what_ends_it(stage, admin, storm):
    ending = "It is resolved by itself, when fewer messages are sent."
    page = (await admin.get(storm)).text
    assert (ending in page, f'action="{storm}/resolve"' in page) == (True, False)
    await admin.post(f"{storm}/resolve", data={"note": "It is over."}, headers=OURS)
    page = (await admin.get(storm)).text
    assert page.count(ending) == 2, "as what came of it, and beside the forms"
    [row] = await stage.rows("SELECT state FROM alerts")
    assert row["state"] == "open"
