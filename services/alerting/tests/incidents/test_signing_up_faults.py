"""Signing up while something is wrong: an erasure meanwhile, a lost key, tokens of others, and headers that lie."""

import asyncio
from ipaddress import ip_network

import pytest

from plaudit.alerting.erasure.commands import scrubbing
from plaudit.alerting.main import followers
from plaudit.common.erasure import Erased, Kind
from plaudit.common.mail.smtp import smtp_sender
from plaudit.common.vault.key_ring import new_key
from plaudit_testing.erasing import holders
from plaudit_testing.incidents import Incidents, after, page_of
from plaudit_testing.mailbox import Mailbox

pytestmark = pytest.mark.postgres

ADA = "ada@customer.example"
AGREED = {"address": ADA, "agreed": "yes"}


@pytest.fixture
def public(incidents):
    return incidents.stage.plain_client(accept="text/html")


async def opened(incidents):
    made = await incidents.opened()
    await incidents.updated(made)
    return made


@pytest.fixture
async def shown(incidents):
    """A public incident with its first update."""
    return await opened(incidents)


async def asks(public, page, **headers):
    return await public.post(f"{page}/subscribe?language=en", data=AGREED, headers=headers)


def link_in(mail):
    return mail.get_body(("plain",)).get_content().rpartition("http://plaudit.example")[2].strip()


async def is_erased(stage):
    """Erase the one person who was asked."""
    [row] = await stage.rows("SELECT person_key FROM incident_subscribers")
    async with stage.worker.transaction() as tx:
        erased = Erased(
            tenant_id="default",
            kind=Kind.PERSON,
            name="hash",
            wanted=row["person_key"],
            erased_at=after(1),
            noted_at=after(1),
        )
        await scrubbing(followers(stage.settings), stage.resources.outbox)(tx, erased)


async def held(stage):
    async with stage.worker.transaction() as tx:
        return await holders(tx.raw, "alerting", ADA)


async def test_a_person_who_is_erased_while_the_mail_waits_gets_none(incidents, public, shown, mailbox: Mailbox):
    await asks(public, page_of(shown))
    await is_erased(incidents.stage)
    await incidents.stage.sends()
    assert [mail for mail in mailbox.mails if mail["To"] == ADA] == []
    assert await held(incidents.stage) == []
    assert await incidents.stage.rows("SELECT 1 FROM incident_subscribers") == []


async def test_a_person_who_is_erased_while_the_mail_leaves_is_asked_and_forgotten(
    incidents, public, shown, mailbox: Mailbox
):
    stage, held_back, go_on = incidents.stage, asyncio.Event(), asyncio.Event()
    await stage.sends()
    await asks(public, page_of(shown))

    async def hand_over(mail):
        held_back.set()
        await go_on.wait()
        await smtp_sender(stage.settings)(mail)

    stage.mails = stage.new_mails(hand_over)
    sending = asyncio.create_task(stage.sends())
    await held_back.wait()
    await is_erased(stage)
    go_on.set()
    await sending
    [mail] = [mail for mail in mailbox.mails if mail["To"] == ADA]
    assert await held(stage) == []
    await public.post(link_in(mail), data={"action": "yes"})
    assert await stage.rows("SELECT 1 FROM incident_subscribers UNION ALL SELECT 1 FROM consents") == []
    assert await stage.rows("SELECT 1 FROM message_deliveries WHERE state = 'sending'") == []


async def test_an_address_whose_key_is_missing_waits_for_the_key_and_keeps_nobody_else_from_a_mail(
    incidents, public, shown, mailbox: Mailbox
):
    stage, good = incidents.stage, incidents.stage.settings
    await asks(public, page_of(shown))
    retired = good.model_copy(update={"vault_keys": type(good.vault_keys)(new_key("newer"))})
    stage.settings = retired
    stage.mails = stage.new_mails()
    await stage.sends()
    assert [mail for mail in mailbox.mails if mail["To"] == ADA] == []
    states = {row["state"] for row in await stage.rows("SELECT state FROM message_deliveries WHERE channel = 'email'")}
    assert "pending" in states
    assert (await public.get(f"{page_of(shown)}/subscribe?language=en")).status_code == 200
    stage.settings = good
    stage.mails = stage.new_mails()
    await stage.move_to(after(1))
    await stage.sends()
    assert len([mail for mail in mailbox.mails if mail["To"] == ADA]) == 1


async def test_a_token_of_another_tenant_shows_and_changes_nothing(incidents, public, shown, mailbox: Mailbox):
    stage = incidents.stage
    other = Incidents(stage, await stage.client(tenant="other"), "other")
    theirs = await opened(other)
    await asks(public, page_of(shown))
    await asks(public, f"/incidents/other/{theirs['slug']}")
    await stage.sends()
    links = {link.split("/")[2]: link for link in (link_in(mail) for mail in mailbox.mails if mail["To"] == ADA)}
    token = links["other"].rpartition("/")[2]
    stolen = f"{page_of(shown)}/subscription/{token}"
    assert (await public.get(links["other"])).status_code == 200
    for answer in (
        await public.get(stolen),
        await public.post(stolen, data={"action": "yes"}),
        await public.post(stolen, data={"action": "stop"}),
    ):
        assert answer.status_code == 404
    rows = await stage.rows("SELECT tenant_id, confirmed_at FROM incident_subscribers ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [("default", None), ("other", None)]


class TestOfANetwork:
    @pytest.fixture
    def settings(self, settings, request):
        networks = tuple(map(ip_network, getattr(request, "param", ())))
        return settings.model_copy(update={"incident_sign_ups_per_hour_per_network": 2, "trusted_proxies": networks})

    @pytest.mark.parametrize(
        "spoofed",
        [
            lambda n: {"x-forwarded-for": f"198.51.{n}.7"},
            lambda n: {"forwarded": f"for=198.51.{n}.7"},
            lambda n: {"x-real-ip": f"198.51.{n}.7", "cf-connecting-ip": f"198.51.{n}.7", "client-ip": f"198.51.{n}.7"},
        ],
        ids=["X-Forwarded-For", "Forwarded", "others"],
    )
    async def test_headers_of_whoever_asks_give_no_further_mails(self, incidents, public, shown, spoofed):
        answers = [(await asks(public, page_of(shown), **spoofed(n))).status_code for n in range(4)]
        assert answers == [303, 303, 429, 429]

    @pytest.mark.parametrize("settings", [("127.0.0.0/8",)], indirect=True)
    async def test_behind_our_proxy_the_address_counts_that_the_proxy_wrote(self, incidents, public, shown):
        forged = [{"x-forwarded-for": f"198.51.{n}.7, 203.0.113.9", "forwarded": f"for=192.0.{n}.1"} for n in range(3)]
        assert [(await asks(public, page_of(shown), **each)).status_code for each in forged] == [303, 303, 429]
        elsewhere = {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}
        assert (await asks(public, page_of(shown), **elsewhere)).status_code == 303
