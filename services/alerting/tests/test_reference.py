"""The examples of the API reference are what alerting answers."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from plaudit.alerting.alerts.domain.alert import address_alert
from plaudit.alerting.alerts.store import alerts as alert_store
from plaudit.alerting.answers.commands import ToldChange, follow
from plaudit.alerting.clocks.domain.clock import clock_id
from plaudit.alerting.main import build
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.contracts import Answers, ReviewChange
from plaudit_testing.cadences import MONDAY, Cadence, on
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.delivering import LOOPBACK, HttpEndpoint, open_endpoint
from plaudit_testing.drafts import TEMPLATE
from plaudit_testing.reference import Reference
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres


@pytest.fixture
async def endpoint() -> AsyncIterator[HttpEndpoint]:
    async with open_endpoint() as opened:
        yield opened


@pytest.fixture
def settings(settings, endpoint):
    """Settings by which the endpoint of this machine may be connected to."""
    here = {"delivery_ports": (443, endpoint.port), "delivery_private_networks": LOOPBACK, "delivery_plain_http": True}
    return type(settings).model_validate({**settings.model_dump(exclude_unset=True), **here})


GOOD = "0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"


async def refused_address(stage) -> str:
    """Raise the alert of an address that a mail server refuses; return its id."""
    async with stage.worker.transaction() as tx:
        said = "550 5.1.1 no such user"
        raised = address_alert("default", "eve@acme.example", said, "owner@acme.example", tx.now)
        await alert_store.raise_all(tx, [raised])
    return str(raised.id)


async def tell_answer(stage):
    """A review is answered, and the group of answers reads it."""
    after = replace(review(), answer=replace(answered(review(), at(1)).answer, text=TEMPLATE))
    change = ReviewChange(review_id="review-1", revision=2, before=review(), after=after)
    async with stage.worker.transaction() as tx:
        await follow(tx, [("default", msgspec.json.decode(msgspec.json.encode(change), type=ToldChange))])


async def test_every_operation_answers_as_its_example_says(stage, endpoint):
    app = build(stage.resources).app
    assert app is not None
    reference = Reference(app.openapi())
    api = await stage.client()
    async with stage.worker.transaction() as tx:
        await keep_reviews(
            tx, [stage.record(None, review(), at(0), "bad"), stage.record(None, review(4.0), at(0), GOOD)]
        )
    place = (await api.get("/v1/clocks/changes")).json()["next"]
    await stage.happens(None, review(), at(0))

    async def is_told():
        return bool((await api.get("/v1/clocks/changes", params={"after": place})).json()["items"])

    await until(is_told, "all older transactions of the server have ended")
    await reference.check(api, "read_changes", params={"after": place})
    clocks = await reference.check(api, "list_clocks", params={"metric": "first_answer"})
    await reference.check(api, "export_clocks")
    await reference.check(api, "export_alerts")
    await reference.check(api, "read_clock", ids={"clock_id": clocks["items"][0]["id"]})
    await stage.move_to(at(25))
    await stage.fires()
    alerts = await reference.check(api, "list_alerts")
    await check_incidents(reference, api)
    await reference.check(api, "save_policy_revision")
    await reference.check(api, "list_policy_revisions")
    await reference.check(api, "read_policy_revision", ids={"revision": "1"})
    await reference.check(api, "preview_policy_revision", ids={"revision": "1"})
    await reference.check(api, "activate_policy_revision", ids={"revision": "1"})
    await reference.check(api, "read_policy")
    await reference.check(api, "list_policy_activations")
    alert = {"alert_id": alerts["items"][0]["id"]}
    await reference.check(api, "acknowledge_alert", ids=alert)
    await reference.check(api, "assign_alert", ids=alert)
    await reference.check(api, "resolve_alert", ids={"alert_id": await refused_address(stage)})
    await check_people(reference, api)
    await reference.check(api, "read_coverage")
    await reference.check(api, "preview_calendar", params={"days": 2})
    berlin = {"calendar_name": "berlin"}
    await reference.check(api, "set_calendar", ids=berlin)
    await reference.check(api, "read_calendar", ids=berlin)
    await reference.check(api, "list_calendars")
    await reference.check(api, "list_calendar_revisions", ids=berlin)
    await reference.check(api, "list_holidays", params={"country": "IE", "year": 2027, "category": "public"})
    made = await reference.check(api, "create_guideline")
    guideline = {"guideline_id": made["id"]}
    await reference.check(api, "list_guidelines", params={"topic": made["topic"]})
    await reference.check(
        api, "match_guideline", params={"topic": made["topic"], "severity": made["severity"], "language": "en"}
    )
    await reference.check(api, "read_guideline", ids=guideline)
    await reference.check(api, "change_guideline", ids=guideline)
    await reference.check(api, "list_guideline_revisions", ids=guideline)
    await reference.check(api, "withdraw_guideline", ids=guideline)
    await reference.check(api, "restore_guideline", ids=guideline)
    await reference.check(api, "check_answer")
    await tell_answer(stage)
    await reference.check(api, "read_individuality")
    await check_reports(reference, stage)
    await check_cadences(reference, stage)
    await check_hands(reference, stage)
    await check_moves(reference, stage)
    await check_set_aside(reference, stage)
    endpoint_id = await check_endpoints(reference, stage, f"http://127.0.0.1:{endpoint.port}/hook")
    await check_messages(reference, stage, endpoint_id)
    reference.assert_all_are_checked()


async def check_people(reference, api):
    """Owners, silences and the audit trail."""
    silence = await reference.check(api, "create_silence")
    await reference.check(api, "list_silences")
    await reference.check(api, "end_silence", ids={"silence_id": silence["id"]})
    await reference.check(api, "set_owners")
    await reference.check(api, "read_owners")
    await reference.check(api, "list_owner_revisions")
    await reference.check(api, "list_audit_entries", params={"kind": "owners"})


async def check_incidents(reference, api):
    """Each change is one of an incident that is opened for it."""

    async def opened(*, is_breach=False):
        made = await reference.check(api, "create_incident")
        if is_breach:
            body = {"aware_at": "2026-02-14T10:15:30Z", "zone": "Europe/Berlin", "country": "DE", "subdivision": "BE"}
            assert (await api.put(f"/v1/incidents/{made['id']}/breach", json=body)).status_code == 200
        return {"incident_id": made["id"]}

    incident = await opened()
    await reference.check(api, "list_incidents", params={"state": "open"})
    await reference.check(api, "read_incident", ids=incident)
    await reference.check(api, "list_incident_log", ids=incident)
    await reference.check(api, "link_to_incident", ids=incident)
    await reference.check(api, "unlink_from_incident", ids={**incident, "kind": "review", "linked_id": GOOD})
    added = await reference.check(api, "add_incident_subscriber", ids=incident)
    await reference.check(api, "list_incident_subscribers", ids=incident)
    await reference.check(api, "remove_incident_subscriber", ids={**incident, "person": added["person"]})
    await reference.check(api, "publish_update", ids=incident)
    await reference.check(api, "list_incident_updates", ids=incident)
    await reference.check(api, "list_incident_deliveries", ids=incident)
    await reference.check(api, "redrive_incident", ids=incident)
    await reference.check(api, "list_update_revisions", ids={**incident, "number": "1"})
    await reference.check(api, "correct_update", ids={**incident, "number": "1"})
    await reference.check(api, "set_incident_severity", ids=await opened())
    await reference.check(api, "set_incident_state", ids=await opened())
    ended = await opened()
    await reference.check(api, "resolve_incident", ids=ended)
    await reference.check(api, "close_incident", ids=ended)
    await reference.check(api, "declare_breach", ids=await opened())
    for operation in (*("correct_awareness", "write_notice", "count_affected", "notify_authority", "tell_people"),):
        await reference.check(api, operation, ids=await opened(is_breach=True))


async def check_reports(reference, stage):
    """Of tenants of their own: a review that is late, one of which nobody knows, and one that was answered."""
    late = await stage.client(tenant="globex")
    await stage.happens(None, review(), at(0), review_id="late", tenant="globex")
    unknown = await stage.client(tenant="initech")
    await stage.happens(None, review(), at(0), review_id="review-1", tenant="initech", answers=Answers.UNTOLD)
    prompt = await stage.client(tenant="hooli")
    await stage.happens(None, review(), at(0), review_id="answered", tenant="hooli")
    await stage.happens(review(), answered(review(), at(2)), at(2), review_id="answered", tenant="hooli")
    await stage.fires()
    await reference.check(late, "read_compliance", params={"metric": "first_answer"})
    await reference.check(late, "read_answer_effects")
    since = {"from": "2026-03-02T00:00:00Z"}
    await reference.check(unknown, "list_to_look_up", params=since)
    await reference.check(unknown, "export_to_look_up", params=since)
    await reference.check(prompt, "read_response_times")


async def check_cadences(reference, stage):
    """Of a tenant without clocks: a customer who is new, and has bought twice."""
    api = await stage.client(tenant="kites")
    cadence = Cadence(stage, tenant="kites")
    await stage.move_to(MONDAY)
    await reference.check(api, "set_cadences")
    await reference.check(api, "read_cadences")
    for days in (0, 1):
        await cadence.told("purchased", on(days), person="native:c-1", received=on(0))
    await cadence.told("stage_entered", on(0), person="native:c-1", stage="new")
    await cadence.goes_to(on(0, 3))
    await reference.check(api, "read_digest", ids={"local_date": "2026-03-02"})
    [touchpoint] = (await reference.check(api, "list_touchpoints"))["items"]
    await reference.check(api, "finish_touchpoint", ids={"touchpoint_id": touchpoint["id"]})
    window = {"from": "2026-03-04T00:00:00Z", "to": "2026-03-06T00:00:00Z"}
    await reference.check(api, "list_occurrences", params=window)
    await cadence.goes_to(on(3, 3))
    [touchpoint] = (await api.get("/v1/touchpoints", params={"state": "open"})).json()["items"]
    await reference.check(api, "skip_touchpoint", ids={"touchpoint_id": touchpoint["id"]})
    await cadence.goes_to(on(8, 4))
    await reference.check(api, "read_invitations", params={"person": "native:c-1"})
    await reference.check(api, "read_invitation_report")


async def check_hands(reference, stage):
    """Of tenants with a review each, at whose clock people lend a hand."""
    published = at(-16 * 24)
    first = replace(review(), published_at=published, rated_at=published, received_at=published)

    async def clock_of(tenant, answers=Answers.TOLD):
        await stage.move_to(published)
        api = await stage.client(tenant=tenant)
        await stage.happens(None, first, published, tenant=tenant, answers=answers)
        return api, {"clock_id": str(clock_id(tenant, "review-1", Metric.FIRST_ANSWER))}

    api, clock = await clock_of("lamps")
    await stage.move_to(published + timedelta(hours=2))
    await reference.check(api, "pause_clock", ids=clock)
    await reference.check(api, "resume_clock", ids=clock)
    moving, running = await clock_of("shelves")
    await reference.check(moving, "move_clock", ids=running)
    api, clock = await clock_of("chairs")
    await stage.move_to(published + timedelta(hours=2))
    await reference.check(api, "fulfil_clock", ids=clock)
    api, clock = await clock_of("tables", Answers.UNTOLD)
    await stage.move_to(published + timedelta(hours=25))
    await stage.fires()
    await reference.check(api, "settle_clock", ids=clock)


async def check_moves(reference, stage):
    """Of a tenant with a review, after the shipped policy has become its own."""
    api = await stage.client(tenant="desks")
    await stage.move_to(at(0))
    await stage.happens(None, review(), at(0), tenant="desks")
    await stage.move_to(at(1))
    await reference.check(api, "preview_move")
    move = await reference.check(api, "order_move")
    await reference.check(api, "read_move", ids={"move_id": move["id"]})


async def check_set_aside(reference, stage):
    """Of a tenant whose timers have raised an error; the example names one thing that is not set aside."""
    api = await stage.client(tenant="stools")
    await stage.happens(None, review(), at(0), tenant="stools")
    await stage.rows(
        "UPDATE timers SET failed_at = $1, error = $3 WHERE tenant_id = 'stools' AND clock_id = $2 RETURNING clock_id",
        at(1),
        clock_id("stools", "review-1", Metric.FIRST_ANSWER),
        "LookupError: revision 4 is not stored",
    )
    await reference.check(api, "list_set_aside")
    await reference.check(api, "retry_set_aside")


async def check_messages(reference, stage, endpoint_id):
    """Of the first tenant, who has sent a test to an endpoint."""
    api = await stage.client()
    [tested] = (await reference.check(api, "list_messages", params={"endpoint_id": endpoint_id}))["items"]
    message = {"message_id": tested["id"]}
    await reference.check(api, "read_message", ids=message)
    await reference.check(api, "redrive_message", ids=message)
    await reference.check(api, "export_messages")


async def check_endpoints(reference, stage, url):
    """Of the first tenant: an endpoint that nothing is sent to, and one that answers."""
    api = await stage.client()
    made = await reference.check(api, "create_endpoint")
    endpoint = {"endpoint_id": made["id"]}
    await reference.check(api, "list_endpoints")
    await reference.check(api, "read_endpoint", ids=endpoint)
    await reference.check(api, "rotate_endpoint_secret", ids=endpoint)
    await reference.check(api, "disable_endpoint", ids=endpoint)
    await reference.check(api, "enable_endpoint", ids=endpoint)
    await reference.check(api, "redrive_endpoint", ids=endpoint)
    await reference.check(api, "change_endpoint", ids=endpoint)
    await reference.check(api, "delete_endpoint", ids=endpoint)
    body = {"name": "Here", "channel": "webhook", "url": url, "topics": ["clock"]}
    here = (await api.post("/v1/endpoints", json=body)).raise_for_status().json()
    await reference.check(api, "test_endpoint", ids={"endpoint_id": here["id"]})
    return here["id"]
