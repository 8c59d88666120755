"""An invitation makes an account, and a mail whose link signs in for the first time."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from plaudit.common.mail.smtp import smtp_sender
from plaudit.common.people import store as people
from plaudit.common.people.domain import EmailTakenError, Role
from plaudit.common.sessions import commands
from plaudit.common.sessions.mails import invitation_mail
from plaudit_testing.mailbox import Mailbox

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
EMAIL = "ada@example.com"


@pytest.mark.parametrize("more_settings", [{"public_url": "http://plaudit.example/"}])
async def test_an_invitation_is_mailed_and_its_link_works_for_days(
    site, browser: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    settings = site.resources.settings
    async with site.resources.common_database().transaction("default") as tx:
        days = timedelta(days=settings.invitation_days)
        link = await commands.invite(tx, "default", uuid4(), "Ada@example.com", "Ada", Role.RESPONDER, days)
        mail = invitation_mail(link, "Acme\nGmbH", settings, tx.now)
    await smtp_sender(settings)(mail)
    [sent] = mailbox.mails
    assert (mailbox.recipients, sent["Subject"]) == ([EMAIL], "Your account at Acme GmbH")
    assert f"http://plaudit.example{link.path}" in sent.get_body(("plain",)).get_content()
    assert "role responder" in sent.get_body(("html",)).get_content()
    assert (sent["Auto-Submitted"], sent["X-Auto-Response-Suppress"]) == ("auto-generated", "OOF, AutoReply")
    await site.move("2 days 23 hours")
    assert (await browser.post(link.path, headers=OURS)).status_code == 303
    async with site.owner.transaction() as tx:
        [account] = await people.list_accounts(tx, "default")
    assert account.last_signed_in_at is not None
    assert account.last_signed_in_at > account.created_at


async def test_who_has_an_account_is_not_invited_again(site) -> None:
    await site.account()
    with pytest.raises(EmailTakenError):
        async with site.owner.transaction() as tx:
            await commands.invite(tx, "default", uuid4(), EMAIL, "Ada", Role.ADMIN, timedelta(days=3))
    async with site.owner.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM common.sign_in_links") == 0
