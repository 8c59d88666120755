"""Everything that anyone can do is either in the audit trail, or changes nothing that a person decides."""

import pytest

from plaudit.alerting.main import SERVICE
from plaudit.common.db import Role
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.domain.message import Content, Message, mail_to
from plaudit_testing.clocks import at
from plaudit_testing.operations import NO_DATABASE, build, operations_of
from plaudit_testing.signing_in import OURS, signed_in

NOTHING = "changes nothing"
IN_COMMON = "sessions, accounts and keys: kept by what is common to all services"
CHOICES = "the choices of a customer: an append-only log of their own, `consents`"
RECORDED = {
    "POST /console/incidents": "incident.opened",
    "POST /console/desk/{clock_id}/{action}": "clock.* alert.* silence.*",
    "POST /console/silences": "silence.began",
    "POST /console/silences/{silence_id}/end": "silence.ended",
    "POST /console/owners": "owners.saved",
    "PUT /v1/owners": "owners.saved",
    "POST /v1/alerts/{alert_id}/acknowledge": "alert.acknowledged",
    "POST /v1/alerts/{alert_id}/assign": "alert.assigned",
    "POST /v1/alerts/{alert_id}/resolve": "alert.resolved",
    "POST /v1/silences": "silence.began",
    "DELETE /v1/silences/{silence_id}": "silence.ended",
    "POST /v1/messages/{message_id}/redrive": "message.sent_again",
    "POST /console/messages/{message_id}/redrive": "message.sent_again",
    "POST /v1/endpoints/{endpoint_id}/redrive": "endpoint.sent_again",
}
"""What the test below cannot tell by its beginning."""
BEGINNINGS = {
    "/v1/clocks/move/preview": NOTHING,
    "/v1/clocks": "clock.*, clocks.moved",
    "/v1/calendars/preview": NOTHING,
    "/v1/calendars": "calendar.set",
    "/console/calendars": "calendar.set",
    "/v1/policies": "policy.saved, policy.activated; a preview changes nothing",
    "/console/policies": "policy.saved, policy.activated",
    "/v1/incidents": "incident.*",
    "/console/incidents": "incident.*",
    "/v1/library": "guideline.*",
    "/console/library": "guideline.*",
    "/v1/answers/check": NOTHING,
    "/console/answers/check": NOTHING,
    "/v1/cadences": "cadences.saved",
    "/v1/touchpoints": "touchpoint.*",
    "/console/cadences": "cadences.saved, touchpoint.*",
    "/console/alerts": "alert.acknowledged, alert.assigned, alert.resolved, silence.began",
    "/v1/set-aside": "clock.tried_again, alert.tried_again, silence.tried_again, cadences.tried_again",
    "/console/set-aside": "clock.tried_again, alert.tried_again, silence.tried_again, cadences.tried_again",
    "/v1/endpoints": "endpoint.changed",
    "/console/messages/endpoints": "endpoint.changed, endpoint.sent_again",
    "/preferences": CHOICES,
    "/incidents": CHOICES,
    "/sign-in": IN_COMMON,
    "/sign-out": IN_COMMON,
    "/console/account": IN_COMMON,
    "/console/people": IN_COMMON,
    "/console/keys": IN_COMMON,
}
"""Path, with what is below it → what is recorded, or why nothing is."""


def what_is_recorded(route):
    if route in RECORDED:
        return RECORDED[route]
    path = route.partition(" ")[2]
    return next((words for begin, words in BEGINNINGS.items() if path == begin or path.startswith(f"{begin}/")), None)


def test_of_each_way_to_change_something_it_is_said_what_is_recorded():
    app, _ = build(SERVICE, NO_DATABASE)
    ways = {
        f"{each.method} {each.path}"
        for each in operations_of("alerting", app)
        if each.method not in {"GET", "HEAD", "OPTIONS"}
    }
    assert len(ways) > 60
    assert sorted(way for way in ways if what_is_recorded(way) is None) == []


@pytest.mark.postgres
async def test_who_sends_a_failed_message_again_is_recorded(stage):
    await stage.move_to(at(0))
    async with stage.resources.database(Role.WORKER).transaction() as tx:
        messages = [
            Message(
                "default", f"key-{number}", "alert.raised", mail_to("ada@acme.example"), Content("Late", "It is late.")
            )
            for number in range(2)
        ]
        await deliveries.queue(tx, messages)
        rows = await tx.raw.fetch("UPDATE message_deliveries SET state = 'failed', finished_at = now() RETURNING id")
    one, other = (str(row["id"]) for row in rows)
    api = await stage.client()
    assert (await api.post(f"/v1/messages/{one}/redrive")).json() == {"messages": 1}
    assert (await api.post(f"/v1/messages/{one}/redrive")).json() == {"messages": 0}, "and is recorded once"
    browser = await signed_in(stage, "*")
    await browser.post(f"/console/messages/{other}/redrive", headers=OURS)
    found = (await api.get("/v1/audit", params={"kind": "message"})).json()["items"]
    assert [(each["kind"], each["about_id"], each["after"]) for each in found] == [
        ("message.sent_again", other, {"messages": 1}),
        ("message.sent_again", one, {"messages": 1}),
    ]
    assert all(each["actor"].startswith("key:") for each in found)
