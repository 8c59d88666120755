"""Staff see messages and endpoints by page and API; a person chooses what they are told without signing in."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from plaudit.common import sessions
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.delivery import api, pages
from plaudit.common.delivery.consent import pages as consent_pages
from plaudit.common.delivery.consent.links import preferences_url
from plaudit.common.delivery.domain.consent import Topic, new_token
from plaudit.common.delivery.domain.endpoint import MAX_SIGNING
from plaudit.common.delivery.domain.message import Content
from plaudit.common.http import create_app
from plaudit.common.people import commands as people
from plaudit.common.people.domain import Role as PersonRole
from plaudit.common.process import Resources
from plaudit.common.sessions import commands as session_commands
from plaudit.common.standard_webhooks import decode_secret, verify
from plaudit_testing.browser import browser, needs_browser
from plaudit_testing.databases import TESTING
from plaudit_testing.delivering import Post, by_mail, later, says, to_endpoints
from plaudit_testing.screens import check, sign_in
from plaudit_testing.serving import serving

pytestmark = pytest.mark.postgres
OURS = {"sec-fetch-site": "same-origin"}
ALL = ("messages:read", "messages:write", "endpoints:write")


@dataclass
class Site:
    post: Post
    url: str
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, **headers: str) -> httpx.AsyncClient:
        self.browsers.append(httpx.AsyncClient(base_url=self.url, timeout=60, headers=headers))
        return self.browsers[-1]

    async def with_key(self, *scopes: str) -> httpx.AsyncClient:
        async with self.post.common.transaction() as tx:
            key = await api_keys.create(tx, "default", "k", scopes)
        return self.client(authorization=f"Bearer {key}")

    async def signed_in(self, role: PersonRole) -> httpx.AsyncClient:
        from datetime import timedelta
        from uuid import uuid4

        async with self.post.common.transaction() as tx:
            person = await people.create(tx, "default", uuid4(), f"{role}@acme.example", "Ada", role)
            link = (await session_commands.new_link(tx, person, timedelta(minutes=15))).path
        client = self.client(accept="text/html")
        assert (await client.post(link, headers=OURS)).status_code == 303
        return client


@pytest.fixture
async def site(post) -> AsyncIterator[Site]:
    # Over plain HTTP a browser sends no cookie that is for HTTPS.
    resources = Resources(post.settings.model_copy(update={"public_url": ""}), TESTING)
    app = create_app(
        title="t",
        service=TESTING,
        description="",
        resources=resources,
        routers=[api.messages, api.endpoint_routes, pages.router, consent_pages.router, sessions.router],
        pages=True,
        staff_sessions=sessions.staff_sessions(resources),
        problems=api.PROBLEMS,
        refusals=api.REFUSALS,
    )
    app.state.message_topics = [Topic("invitation", "Invitations to review"), Topic("board", "Your <requests>")]
    async with serving(app) as first:
        made = Site(post, str(first.base_url))
        yield made
        for each in made.browsers:
            await each.aclose()
    await resources.close()


def local(endpoint):
    return f"http://127.0.0.1:{endpoint.port}/hook"


async def test_an_endpoint_is_made_tested_changed_and_deleted_by_the_api(site, endpoint):
    client = await site.with_key(*ALL)
    body = {"name": "On call", "channel": "webhook", "url": local(endpoint), "topics": ["clock"]}
    made = await client.post("/v1/endpoints", json=body)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert made.headers["location"] == f"/v1/endpoints/{shown['id']}"
    assert shown["secret"].startswith("whsec_")
    assert "/hook" not in made.text.replace(made.headers["location"], "")
    path = f"/v1/endpoints/{shown['id']}"
    tried = (await client.post(f"{path}/test")).json()
    assert (tried["outcome"], tried["status"], tried["answer"]) == ("sent", 200, "ok")
    [got] = endpoint.got
    verify(
        *(got.headers[name].encode() for name in ("webhook-id", "webhook-timestamp", "webhook-signature")),
        got.body,
        [decode_secret(shown["secret"])],
        int(got.headers["webhook-timestamp"]),
    )
    changed = await client.patch(path, json={"name": "Duty", "topics": ["*"]})
    assert (changed.json()["name"], changed.json()["topics"]) == ("Duty", ["*"])
    assert "secret" not in (await client.get(path)).text
    again = (await client.post(f"{path}/secret")).json()["secret"]
    assert again != shown["secret"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    message = (await client.get(f"/v1/messages/{tried['message_id']}")).json()
    assert (message["state"], message["topic"], len(message["tries"])) == ("sent", "plaudit.test", 1)
    rows = await site.post.rows("SELECT change FROM endpoint_changes ORDER BY id")
    assert [row["change"] for row in rows] == ["made", "tested", "changed: name, topics", "secret replaced", "deleted"]


async def test_a_test_that_fails_says_why_and_is_not_tried_again(site, endpoint):
    client = await site.with_key(*ALL)
    body = {"name": "O", "channel": "slack", "url": local(endpoint), "topics": ["*"]}
    path = f"/v1/endpoints/{(await client.post('/v1/endpoints', json=body)).json()['id']}"
    endpoint.answer = lambda _: says(404, b"no_service")
    tried = (await client.post(f"{path}/test")).json()
    assert (tried["outcome"], tried["status"], tried["answer"]) == ("refused", 404, "no_service")
    endpoint.answer = lambda _: says(500)
    tried = (await client.post(f"{path}/test")).json()
    assert (tried["outcome"], tried["error"]) == ("failed", "it answered 500")
    assert {row["state"] for row in await site.post.deliveries()} == {"failed"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "ftp://x.example"}, "/url"),
        ({"url": "https://u:p@x.example"}, "/url"),
        ({"topics": []}, "/topics"),
        ({"channel": "fax"}, "/channel"),
        ({"secret": "whsec_x"}, "/secret"),
        ({"nme": "x"}, "/nme"),
    ],
)
async def test_a_wrong_endpoint_is_refused_with_the_field(site, endpoint, changes, field):
    client = await site.with_key(*ALL)
    body = {"name": "O", "channel": "webhook", "url": local(endpoint), "topics": ["*"], **changes}
    answer = await client.post("/v1/endpoints", json=body)
    assert answer.status_code == 422
    assert field in [each["pointer"] for each in answer.json()["errors"]]


async def test_messages_are_listed_filtered_exported_and_sent_again(site, mailbox, monkeypatch):
    monkeypatch.setattr(api, "ROWS", 2)  # a file goes on beyond what is read at once
    mailbox.answer = lambda: "554 no"
    content = Content("=cmd|' /C calc'!A0", "T")
    await site.post.queue(by_mail("a", content=content), by_mail("b", thread="clock:1"), to_endpoints("c"))
    await site.post.sends()
    client = await site.with_key(*ALL)
    failed = (await client.get("/v1/messages", params={"state": "failed"})).json()["items"]
    assert {each["channel"] for each in failed} == {"email"}
    assert len((await client.get("/v1/messages", params={"thread": "clock:1"})).json()["items"]) == 1
    first = (await client.get("/v1/messages", params={"limit": 2})).json()
    rest = (await client.get("/v1/messages", params={"limit": 2, "cursor": first["next"]})).json()
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 3
    rows = list(csv.DictReader(io.StringIO((await client.get("/v1/messages/export")).text)))
    assert len(rows) == 3
    assert "'=cmd|' /C calc'!A0" in [row["subject"] for row in rows]
    mailbox.answer = lambda: "250 OK"
    answer = await client.post(f"/v1/messages/{failed[0]['id']}/redrive")
    assert answer.json() == {"messages": 1}
    await site.post.sends()
    assert (await client.get(f"/v1/messages/{failed[0]['id']}")).json()["state"] == "sent"


async def test_nobody_sees_or_sends_what_is_another_tenants(site, endpoint):
    made = await site.post.endpoint(local(endpoint))
    await site.post.queue(by_mail())
    [row] = await site.post.deliveries()
    async with site.post.common.transaction() as tx:
        from plaudit.common.tenants import commands as tenants

        await tenants.create(tx, "other", "Other")
        key = await api_keys.create(tx, "other", "k", ALL)
    client = site.client(authorization=f"Bearer {key}")
    assert (await client.get("/v1/messages")).json()["items"] == []
    assert (await client.get(f"/v1/messages/{row['id']}")).status_code == 404
    assert (await client.post(f"/v1/messages/{row['id']}/redrive")).status_code == 404
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/disable"), ("POST", "/redrive")):
        answer = await client.request(method, f"/v1/endpoints/{made.endpoint.id}{path}")
        assert answer.status_code == 404, path
    assert endpoint.got == []


async def test_an_admin_makes_and_tests_an_endpoint_on_pages_and_the_error_is_shown(site, endpoint):
    client = await site.signed_in(PersonRole.ADMIN)
    form = {"name": "On <call>", "channel": "webhook", "url": local(endpoint), "topics": "clock alert"}
    shown = await client.post("/console/messages/endpoints", data=form, headers=OURS)
    assert "whsec_" in shown.text
    [row] = await site.post.rows("SELECT id FROM endpoints")
    path = f"/console/messages/endpoints/{row['id']}"
    page = await client.get(path)
    assert "On &lt;call&gt;" in page.text
    assert "whsec_" not in page.text
    assert "/hook" not in page.text
    endpoint.answer = lambda _: says(500, b"<b>broken</b>")
    tested = await client.post(f"{path}/test", headers=OURS)
    assert tested.status_code == 303
    page = await client.get(tested.headers["location"])
    assert "The test did not arrive: it answered 500." in page.text
    assert page.text.count(">It answered 500.<") == 2, "once at the attempt, and once as the reason of the message"
    assert "&lt;b&gt;broken&lt;/b&gt;" in page.text
    endpoint.answer = lambda _: says(200)
    again = await client.post(f"{path}/test", headers=OURS)
    assert "The test arrived" in (await client.get(again.headers["location"])).text
    for change, words in (("disable", "Nothing is sent there"), ("enable", "Messages go there again")):
        answer = await client.post(f"{path}/{change}", headers=OURS)
        shown = (await client.get(answer.headers["location"])).text
        assert (words in shown, "is not kept for it" in shown) == (True, change == "disable")
    wrong = await client.post(path, data={"name": "", "url": "", "topics": "x"}, headers=OURS)
    assert wrong.status_code == 422
    listed = await client.get("/console/messages?state=failed")
    assert "A test from Plaudit" in listed.text


async def test_the_page_of_a_bundle_lists_what_it_holds(site, mailbox, monkeypatch):
    monkeypatch.setattr(pages, "ROWS", 3)
    await site.post.queue(
        *(
            by_mail(f"k{number}", content=Content(f"Review {number} is late", "Late."), gathering="clock")
            for number in range(6)
        )
    )
    await site.post.sends()
    await site.post.move_to(later(seconds=60))
    await site.post.sends()
    assert len(mailbox.mails) == 2
    [bundle] = await site.post.rows("SELECT id FROM message_deliveries WHERE is_bundle")
    admin = await site.signed_in("admin")
    first = (await admin.get(f"/console/messages/{bundle['id']}")).text
    assert "What it holds" in first
    more = re.search(r'href="(/console/messages/[^"]+cursor=[^"]+)"', first)
    assert more is not None
    second = (await admin.get(more[1].replace("&amp;", "&"))).text
    listed = [each for page in (first, second) for each in re.findall(r">(Review \d is late)</a>", page)]
    assert (len(listed), len(set(listed))) == (5, 5)
    alone = await site.post.rows("SELECT id FROM message_deliveries WHERE bundle_id IS NULL AND NOT is_bundle")
    assert "What it holds" not in (await admin.get(f"/console/messages/{alone[0]['id']}")).text


async def test_a_form_of_an_endpoint_tells_all_that_is_wrong_each_at_its_field(site, endpoint):
    client = await site.signed_in(PersonRole.ADMIN)
    wrong = {"name": "", "channel": "webhook", "url": "ftp://x.example", "topics": "Clock!", "secret": "whsec_x"}
    refused = await client.post("/console/messages/endpoints", data=wrong, headers=OURS)
    assert refused.status_code == 422
    assert _errors(refused.text) == {"name", "url", "topics", "secret"}
    made = await site.post.endpoint(local(endpoint))
    path = f"/console/messages/endpoints/{made.endpoint.id}"
    refused = await client.post(path, data={"name": "", "url": "ftp://x.example", "topics": ""}, headers=OURS)
    assert refused.status_code == 422
    assert _errors(refused.text) == {"name", "url", "topics"}


def _errors(page: str) -> set[str]:
    """Return the fields at which a page shows an error, each a sentence."""
    found = dict(re.findall(r'<p class="error" id="(\w+)-error">([^<]*)</p>', page))
    assert all(words[0].isupper() and words.endswith(".") for words in found.values()), found
    return set(found)


async def test_a_secret_that_was_replaced_too_often_is_told_on_the_page_of_its_endpoint(site, endpoint):
    client = await site.signed_in(PersonRole.ADMIN)
    made = await site.post.endpoint(local(endpoint))
    path = f"/console/messages/endpoints/{made.endpoint.id}"
    for _ in range(MAX_SIGNING - 1):
        assert (await client.post(f"{path}/secret", headers=OURS)).status_code == 200
    refused = await client.post(f"{path}/secret", headers=OURS)
    assert (refused.status_code, refused.headers["location"]) == (303, path)
    assert "5 secrets sign at a time" in (await client.get(path)).text


async def test_a_responder_tests_and_sends_again_and_a_viewer_sees_nothing(site, endpoint):
    made = await site.post.endpoint(local(endpoint))
    responder = await site.signed_in(PersonRole.RESPONDER)
    path = f"/console/messages/endpoints/{made.endpoint.id}"
    page = (await responder.get(path)).text
    assert "Send a test" in page
    assert "Delete it" not in page
    assert (await responder.post(f"{path}/test", headers=OURS)).status_code == 303
    assert (await responder.post(f"{path}/delete", headers=OURS)).status_code == 403
    viewer = await site.signed_in(PersonRole.VIEWER)
    assert (await viewer.get("/console/messages")).status_code == 403


async def preferences(post):
    async with post.worker.transaction() as tx:
        return await preferences_url(tx, "default", "p1", "")


async def test_a_person_chooses_without_signing_in_and_nothing_is_ticked_before(site):
    path = await preferences(site.post)
    client = site.client()
    page = await client.get(path)
    assert page.status_code == 200
    assert "checked" not in page.text
    assert "Your &lt;requests&gt;" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert await site.post.rows("SELECT 1 FROM consents") == []
    saved = await client.post(path, data={"topic": "board"})
    assert "Your choice is kept." in (await client.get(saved.headers["location"])).text
    rows = await site.post.rows("SELECT topic, channel, choice, source FROM consents")
    assert [tuple(row.values()) for row in rows] == [("board", "email", "in", "preferences")]
    assert (await client.get(path)).text.count("checked") == 1
    await site.post.move_to(later(hours=1))
    await client.post(f"{path}/stop")
    assert (await client.get(path)).text.count("checked") == 0


async def test_one_click_stops_mails_of_a_topic_and_opening_the_link_stops_nothing(site, mailbox):
    path = await preferences(site.post)
    client = site.client()
    await client.post(path, data={"topic": ["board", "invitation"]})
    await site.post.queue(by_mail("a", topic="board.shipped", person_key="p1", needs_consent=True))
    await site.post.sends()
    [mail] = mailbox.mails
    link = mail["List-Unsubscribe"].replace("\r\n", "").replace(" ", "").strip("<>")
    link = link.removeprefix("https://plaudit.example")
    assert (await client.get(link)).status_code == 303
    await site.post.queue(by_mail("b", topic="board.shipped", person_key="p1", needs_consent=True))
    await site.post.sends()
    assert len(mailbox.mails) == 2
    await site.post.move_to(later(hours=1))
    stopped = await client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert stopped.status_code == 200
    await site.post.queue(by_mail("c", topic="board.shipped", person_key="p1", needs_consent=True))
    await site.post.queue(by_mail("d", topic="invitation", person_key="p1", needs_consent=True))
    await site.post.sends()
    assert len(mailbox.mails) == 3
    assert [row["state"] for row in await site.post.deliveries()] == ["sent", "sent", "withdrawn", "sent"]


@pytest.mark.parametrize("how", ["forged", "cut", "other tenant", "nonsense"])
async def test_a_link_that_no_key_of_a_tenant_has_signed_opens_nothing(site, how):
    path = await preferences(site.post)
    token = path.rpartition("/")[2]
    wrong = {
        "forged": new_token(b"x" * 32, "default", "p1"),
        "cut": token[:-2],
        "other tenant": new_token(b"x" * 32, "nobody", "p1"),
        "nonsense": "a" * 40,
    }[how]
    client = site.client()
    for method, tail in (("GET", ""), ("POST", ""), ("POST", "/stop"), ("POST", "/stop/board")):
        answer = await client.request(method, f"/preferences/{wrong}{tail}")
        assert answer.status_code == 404
    assert await site.post.rows("SELECT 1 FROM consents") == []


async def test_what_the_openapi_document_shows_is_json(site):
    client = site.client()
    assert "/v1/endpoints/{endpoint_id}/test" in json.loads((await client.get("/openapi.json")).text)["paths"]


@needs_browser
async def test_the_pages_have_room_on_each_screen_and_access_for_everybody(site, endpoint, tmp_path):
    made = await site.post.endpoint(local(endpoint), "clock", name="On call")
    endpoint.answer = lambda _: says(500, b'{"error": "database"}' * 40)
    subject = "Not answered in time: 2-star review of acme/hamburg/a-shop-with-a-long-name"
    await site.post.queue(by_mail("a", content=Content(subject, "T")), by_mail("b", to="nobody"), to_endpoints("c"))
    await site.post.sends()
    [failed] = await site.post.rows("SELECT id FROM message_deliveries WHERE channel = 'webhook'")
    async with site.post.common.transaction() as tx:
        key = await api_keys.create(tx, "default", "k", ALL)
    async with browser(tmp_path) as page:
        await page.goto(f"{site.url}{pages.MESSAGES}")
        await sign_in(page, key)
        for path, heading in {
            pages.MESSAGES: "Messages",
            f"{pages.MESSAGES}/{failed['id']}": "Late",
            pages.ENDPOINTS: "Endpoints",
            f"{pages.ENDPOINTS}/{made.endpoint.id}": "On call",
            await preferences(site.post): "What you are told",
        }.items():
            await page.goto(f"{site.url}{path}")
            await check(page, heading)
