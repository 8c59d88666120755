"""Incidents by the API: opened, told over every channel, closed with what was learned."""

import json

import pytest

from plaudit_testing.clocks import at, review
from plaudit_testing.incidents import TEXT
from plaudit_testing.mailbox import Mailbox

pytestmark = pytest.mark.postgres


def slug_of(answer):
    return answer.json()["type"].rpartition("#")[2]


async def test_an_incident_goes_from_open_to_closed_with_events_for_everybody(incidents):
    opened = await incidents.opened()
    assert (opened["state"], opened["opened_from"], opened["page"]) == ("open", "hand", None)
    await incidents.updated(opened, state="monitoring")
    await incidents.posts(opened, "resolve", texts=[TEXT])
    closed = (await incidents.posts(opened, "close", learnings="Watch both providers.")).json()
    assert (closed["state"], closed["learnings"], closed["updates"]) == ("closed", "Watch both providers.", 2)
    assert closed["page"] == f"/incidents/default/{opened['slug']}"
    events = [each for each in await incidents.stage.events() if each["type"].startswith("incident.")]
    assert [each["type"] for each in events] == [
        *("incident.opened", "incident.updated", "incident.resolved", "incident.closed")
    ]
    assert {each["subject"] for each in events} == {"acme/berlin"}
    log = (await incidents.api.get(f"/v1/incidents/{opened['id']}/log")).json()["items"]
    assert [each["kind"] for each in log] == ["closed", "resolved", "update", "opened"]


@pytest.mark.parametrize("body", [{}, {"learnings": ""}, {"learnings": " \n"}])
async def test_closing_needs_learnings(incidents, body):
    opened = await incidents.opened()
    await incidents.posts(opened, "resolve")
    assert (await incidents.posts(opened, "close", **body)).status_code == 422


async def test_a_state_that_cannot_follow_is_refused_with_those_that_can(incidents):
    opened = await incidents.opened()
    refused = await incidents.posts(opened, "close", learnings="Too early.")
    assert (refused.status_code, slug_of(refused)) == (409, "incident-refused")
    assert "it can become monitoring or resolved, and not closed" in refused.json()["detail"]


async def test_a_closed_incident_stays_as_it_is(incidents):
    opened = await incidents.opened()
    await incidents.posts(opened, "resolve")
    await incidents.posts(opened, "close", learnings="Watch it.")
    for answer in (
        await incidents.puts(opened, "severity", severity="routine"),
        await incidents.puts(opened, "state", state="open"),
        await incidents.posts(opened, "updates", texts=[TEXT]),
        await incidents.posts(opened, "links", reviews=[]),
    ):
        assert (answer.status_code, slug_of(answer)) == (409, "incident-refused")


@pytest.mark.parametrize("part", ["apology", "fix", "prevention"])
async def test_an_update_needs_all_of_its_parts(incidents, part):
    opened = await incidents.opened()
    answer = await incidents.posts(opened, "updates", texts=[TEXT | {part: " "}])
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/texts/0/{part}")
    text = {name: value for name, value in TEXT.items() if name != part}
    assert (await incidents.posts(opened, "updates", texts=[text])).status_code == 422


async def test_that_the_cause_is_not_known_has_to_be_chosen(incidents):
    opened = await incidents.opened()
    text = {name: value for name, value in TEXT.items() if name != "cause"}
    assert (await incidents.posts(opened, "updates", texts=[text])).status_code == 422
    assert (await incidents.updated(opened, {"cause": None}))["texts"][0]["cause"] is None


async def test_a_repeat_under_the_same_key_opens_and_tells_once(incidents):
    body = {"title": "Payments fail", "severity": "urgent", "audience": "internal", "subjects": ["acme"]}
    first = await incidents.api.post("/v1/incidents", json=body, headers={"idempotency-key": "a"})
    again = await incidents.api.post("/v1/incidents", json=body, headers={"idempotency-key": "a"})
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    other = await incidents.api.post("/v1/incidents", json=body | {"title": "x"}, headers={"idempotency-key": "a"})
    assert (other.status_code, slug_of(other)) == (422, "idempotency-key-reused")
    path = f"/v1/incidents/{first.json()['id']}/updates"
    told = [await incidents.api.post(path, json={"texts": [TEXT]}, headers={"idempotency-key": "b"}) for _ in "12"]
    assert told[0].json() == told[1].json()
    assert len((await incidents.api.get(path)).json()["items"]) == 1


async def test_a_change_of_something_older_is_refused(incidents):
    opened = await incidents.opened()
    path = f"/v1/incidents/{opened['id']}/severity"
    for status in (200, 412):
        answer = await incidents.api.put(path, json={"severity": "routine"}, headers={"if-match": '"1"'})
        assert answer.status_code == status


async def test_incidents_are_opened_from_reviews_and_alerts_that_there_are(incidents):
    stage = incidents.stage
    from plaudit.alerting.reviews.consumer import keep_reviews

    record = stage.record(None, review(), at(0), "review-1")
    await stage.reads([record])
    async with stage.worker.transaction() as tx:
        await keep_reviews(tx, [record])
    await stage.move_to(at(25))
    await stage.fires()
    [alert] = (await incidents.api.get("/v1/alerts")).json()["items"]
    from_review = await incidents.opened(reviews=["review-1"])
    from_alert = await incidents.opened(reviews=["review-1"], alerts=[alert["id"]])
    assert (from_review["opened_from"], from_alert["opened_from"]) == ("reviews", "alerts")
    links = (await incidents.read(from_alert))["links"]
    assert [(each["kind"], each["id"]) for each in links] == [("alert", alert["id"]), ("review", "review-1")]
    unknown = await incidents.posts(from_review, "links", reviews=["review-9"])
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/reviews")
    path = f"/v1/incidents/{from_review['id']}/links/review/review-1"
    assert [(await incidents.api.delete(path)).status_code for _ in "12"] == [204, 404]


async def subscribe(incidents, opened, address="ada@customer.example", language="de"):
    answer = await incidents.posts(opened, "subscribers", address=address, language=language)
    assert answer.status_code == 201, answer.text
    return answer.json()["person"]


async def test_a_subscriber_is_told_in_their_language_and_stops_it_in_the_mail(incidents, mailbox: Mailbox):
    opened = await incidents.opened()
    await subscribe(incidents, opened)
    german = {"language": "de", "title": "Zahlung gestört", "fix": "Wir stellen um.\r\nBcc: evil@evil.example"}
    await incidents.updated(opened, {}, german)
    await incidents.stage.sends()
    [mail] = [each for each in mailbox.mails if each["To"] == "ada@customer.example"]
    assert (str(mail["Subject"]), mail["Content-Language"]) == ("Zahlung gestört – Offen", "de")
    assert (mail["Bcc"], "Die Ursache kennen wir noch nicht." in mail.get_body(("plain",)).get_content()) == (
        None,
        True,
    )
    stop = str(mail["List-Unsubscribe"]).strip("<>").partition("plaudit.example")[2]
    assert (await incidents.stage.plain_client().post(stop)).status_code == 200
    await incidents.updated(opened)
    await incidents.stage.sends()
    assert len([each for each in mailbox.mails if each["To"] == "ada@customer.example"]) == 1
    told = (await incidents.api.get(f"/v1/incidents/{opened['id']}/deliveries")).json()["items"]
    mails = {each["number"]: (each["has"], each["error"]) for each in told if each["channel"] == "email"}
    assert mails == {1: ("sent", ""), 2: ("withdrawn", "the person has opted out")}
    other = await incidents.opened()
    answer = await incidents.posts(other, "subscribers", address="Ada@customer.example", language="de")
    assert (answer.status_code, "has opted out" in answer.text) == (422, True)


async def test_no_address_is_readable_where_subscribers_are_kept(incidents):
    opened = await incidents.opened()
    person = await subscribe(incidents, opened)
    listed = (await incidents.api.get(f"/v1/incidents/{opened['id']}/subscribers")).json()["items"]
    assert [each["person"] for each in listed] == [person]
    for table in ("incident_subscribers", "incident_log", "outbox"):
        for row in await incidents.stage.rows(f"SELECT t::text AS text FROM {table} t"):
            assert "ada@" not in row["text"]
    path = f"/v1/incidents/{opened['id']}/subscribers/{person}"
    assert [(await incidents.api.delete(path)).status_code for _ in "12"] == [204, 404]


async def test_no_address_is_readable_where_messages_wait_or_are_kept(incidents, mailbox: Mailbox):
    async def all_words():
        tables = ("messages", "message_deliveries", "message_attempts", "gatherings", "outbox")
        return str([await incidents.stage.rows(f"SELECT * FROM {table}") for table in tables])

    opened = await incidents.opened()
    people = [await subscribe(incidents, opened, f"{name}@customer.example") for name in ("ada", "ben")]
    await incidents.updated(opened)
    assert "customer.example" not in await all_words()
    path = f"/v1/incidents/{opened['id']}/subscribers/{people[1]}"
    assert (await incidents.api.delete(path)).status_code == 204
    await incidents.stage.sends()
    assert [mail["To"] for mail in mailbox.mails if "customer.example" in mail["To"]] == ["ada@customer.example"]
    words = await all_words()
    assert "ada@" not in words
    assert b"ada@".hex() not in words
    told = (await incidents.api.get(f"/v1/incidents/{opened['id']}/deliveries")).json()["items"]
    [mails] = [each for each in told if each["channel"] == "email"]
    assert (mails["number"], mails["sent"], mails["withdrawn"]) == (1, 1, 1)


async def test_an_address_that_no_mail_can_go_to_is_refused_where_it_is_given(incidents):
    opened = await incidents.opened()
    answer = await incidents.posts(opened, "subscribers", address="é@customer.example", language="de")
    assert (answer.status_code, "beyond ASCII" in answer.text) == (422, True)


async def test_an_internal_incident_has_no_subscribers(incidents):
    opened = await incidents.opened(audience="internal")
    answer = await incidents.posts(opened, "subscribers", address="ada@customer.example", language="de")
    assert (answer.status_code, slug_of(answer)) == (409, "incident-refused")


async def test_what_failed_is_shown_with_its_error_and_sent_again(incidents, mailbox: Mailbox):
    opened = await incidents.opened()
    await subscribe(incidents, opened)
    await incidents.updated(opened)
    await incidents.stage.rows(
        "UPDATE message_deliveries SET state = 'failed', reason = 'the mailbox is full', finished_at = now() "
        "WHERE channel = 'email' AND thread LIKE 'incident:%' RETURNING 1 AS done"
    )
    path = f"/v1/incidents/{opened['id']}/deliveries"
    [failed] = [each for each in (await incidents.api.get(path)).json()["items"] if each["channel"] == "email"]
    assert (failed["has"], failed["failed"], failed["error"]) == ("failed", 1, "the mailbox is full")
    assert (await incidents.api.post(f"{path}/redrive", json={})).json() == {"messages": 1}
    await incidents.stage.sends()
    [sent] = [each for each in (await incidents.api.get(path)).json()["items"] if each["channel"] == "email"]
    assert (sent["has"], len([each for each in mailbox.mails if each["To"] == "ada@customer.example"])) == (
        "sent",
        1,
    )


async def test_another_tenant_sees_nothing_of_it(incidents):
    opened = await incidents.opened()
    stranger = await incidents.stage.client(tenant="stranger")
    assert (await stranger.get("/v1/incidents")).json()["items"] == []
    assert (await stranger.get(f"/v1/incidents/{opened['id']}")).status_code == 404
    assert (
        await stranger.put(f"/v1/incidents/{opened['id']}/severity", json={"severity": "routine"})
    ).status_code == 404
    reader = await incidents.stage.client("incidents:read")
    assert (await reader.post("/v1/incidents", json={})).status_code == 403


async def test_the_list_is_filtered_and_paged(incidents):
    for number in range(3):
        await incidents.opened(title=f"Number {number}", subjects=[f"acme/{number}", "acme/shared"], severity="routine")
    urgent = await incidents.opened()
    await incidents.posts(urgent, "resolve")
    api = incidents.api

    async def titles(**params):
        return [each["title"] for each in (await api.get("/v1/incidents", params=params)).json()["items"]]

    assert await titles(severity="urgent") == ["Payments fail"]
    assert await titles(state="resolved") == ["Payments fail"]
    assert await titles(subject="acme/1") == ["Number 1"]
    assert len(await titles(subject="acme")) == 4
    assert await titles(kind="data_breach") == []
    page = (await api.get("/v1/incidents", params={"limit": 3})).json()
    rest = (await api.get("/v1/incidents", params={"limit": 3, "cursor": page["next"]})).json()
    assert [each["title"] for each in rest["items"]] == ["Number 0"]


async def test_an_erased_person_is_no_subscriber_any_more(incidents):
    from plaudit.alerting.incidents.store import subscribers

    opened = await incidents.opened()
    person = await subscribe(incidents, opened)
    async with incidents.stage.worker.transaction() as tx:
        await subscribers.erase(tx, "default", person)
    assert await incidents.stage.rows("SELECT 1 FROM incident_subscribers") == []


async def test_the_webhook_has_every_language_of_the_update(incidents):
    from plaudit.alerting.incidents.commands.sending import check_of
    from plaudit.common.delivery.commands import Due
    from plaudit.common.delivery.domain.message import Content, Delivery

    opened = await incidents.opened()
    await incidents.updated(opened, {}, {"language": "ar", "fix": "نصلحه."})
    [row] = await incidents.stage.rows(
        "SELECT d.id, d.tenant_id, d.message_id, d.key, d.topic, d.thread, d.channel, d.outlet, d.recipient, "
        "d.person_key, d.needs_consent, d.created_at, m.content FROM message_deliveries d "
        "JOIN messages m ON m.id = d.message_id WHERE d.thread LIKE 'incident:%'"
    )
    content = json.loads(row.pop("content"))
    async with incidents.stage.worker.transaction() as tx:
        found = await check_of("", "")(tx, [Due(Delivery(**row), Content(**content))])
    assert [each["language"] for each in found[row["id"]].data["texts"]] == ["en", "ar"]
    assert (row["topic"], row["channel"]) == ("incident.updated", "console")
