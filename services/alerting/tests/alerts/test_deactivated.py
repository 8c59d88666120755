"""Whoever has an account that is deactivated is told nothing, and what was theirs is told to somebody who is there."""

import pytest
from httpx import AsyncClient

from plaudit.alerting.people import commands as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit_testing.accounts import deactivated
from plaudit_testing.clocks import at, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

OWNERS = """\
people:
  - {address: ada@acme.example, name: Ada Byron, quiet_hours: {from: "00:00", to: "23:00"}}
  - {address: ben@acme.example, name: Ben Kay}
  - {address: cem@acme.example, name: Cem}
teams:
  - {name: berlin, members: [ben@acme.example, cem@acme.example]}
escalations:
  - name: usual
    steps: [{after: 30 min, team: berlin}]
assignments:
  - {subject: acme/berlin, owner: ada@acme.example, escalation: usual}
default: {owner: cem@acme.example, escalation: usual}
"""
ADA, BEN, CEM = "ada@acme.example", "ben@acme.example", "cem@acme.example"


@pytest.fixture
async def api(stage) -> AsyncClient:
    client = await stage.client()
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        await people.save(tx, "default", OWNERS, Format.YAML, "test")
    return client


def told(mailbox):
    return [str(mail["To"]) for mail in mailbox.mails]


async def goes_to(stage, hours):
    await stage.move_to(at(hours))
    await stage.fires()
    await stage.escalates()


async def test_a_breach_is_told_to_whoever_answers_now(stage, api, mailbox):
    await deactivated(stage, ADA)
    await stage.happens(None, review(), at(0))
    await goes_to(stage, 24.01)
    await stage.sends()
    assert set(told(mailbox)) == {CEM}
    [alert] = (await api.get("/v1/alerts")).json()["items"]
    assert alert["owner"] == CEM


async def test_what_waits_for_them_goes_to_whoever_answers_now(stage, api, mailbox):
    await stage.happens(None, review(), at(0))
    await goes_to(stage, 24.01)
    await stage.sends()
    assert ADA not in told(mailbox)
    await deactivated(stage, ADA)
    await stage.move_to(at(39))
    await stage.sends()
    assert set(told(mailbox)) == {CEM}


async def test_an_escalation_passes_them_over(stage, api, mailbox):
    await deactivated(stage, BEN)
    await stage.happens(None, review(), at(0))
    await goes_to(stage, 24.01)
    await goes_to(stage, 24.6)
    await stage.sends()
    assert told(mailbox).count(CEM) == 1
    assert BEN not in told(mailbox)


async def test_nothing_can_be_given_to_them(stage, api):
    await stage.happens(None, review(), at(0))
    await goes_to(stage, 24.01)
    [alert] = (await api.get("/v1/alerts")).json()["items"]
    await deactivated(stage, BEN)
    refused = await api.post(f"/v1/alerts/{alert['id']}/assign", json={"owner": BEN})
    assert refused.status_code == 422
    assert (await api.post(f"/v1/alerts/{alert['id']}/assign", json={"owner": CEM})).status_code == 200
