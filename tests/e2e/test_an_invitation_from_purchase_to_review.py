"""A customer buys, is invited by mail to a survey, and writes a review: the invitation has done its work."""

import asyncio
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.mailbox import Mailbox, open_mailbox
from plaudit_testing.stack import ServiceProcess, Stack, eventually, stack

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

ADA = "ada.quibblefrotz@example.com"
WORDS = "The chair holds, and the parcel came a day early."


def rules(survey: str) -> dict[str, Any]:
    """Rules by which a purchase of today is followed by an invitation at once, and by a reminder after a week."""
    invitation = {
        "id": "invite",
        "title": "Invite after a purchase",
        "purpose": "invitation",
        "schedule": {"kind": "after_event", "event": "purchased", "days": [0]},
        "at": "00:00",
        "reminder_after_days": 7,
    }
    return {
        "zone": "UTC",
        "quiet_hours": None,
        "cap": {"most": 3, "days": 7},
        "invitation_every_days": 90,
        "review_at": f"survey:{survey}",
        "rules": [invitation],
    }


def purchase() -> dict[str, Any]:
    """What a shop tells of an order."""
    return {
        "id": "order-5521",
        "type": "purchased",
        "email": ADA,
        "subject": "acme",
        "happened_at": datetime.now(UTC).isoformat(),
        "reference": "order 5521",
        "consent": "granted",
        "language": "en",
    }


async def ask(client: httpx.AsyncClient, method: str, url: str, **more: Any) -> Any:
    answer = await client.request(method, url, **more)
    assert answer.status_code < 300, answer.text
    return answer.json()


def to_ada(mailbox: Mailbox) -> list[EmailMessage]:
    return [mail for mail in mailbox.mails if mail["To"] == ADA]


def survey_link(mail: EmailMessage) -> str:
    """The path of the customer's own survey in a mail, on whichever address it is said to be."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"https?://\S+/s/\S+", body.get_content())
    assert found is not None, body.get_content()
    return urlsplit(found[0]).path


async def started(running: Stack, mailbox: Mailbox) -> tuple[ServiceProcess, ServiceProcess]:
    """Ingest, and alerting that asks it for addresses."""
    running.prepare("ingest", "alerting")
    ingest = running.process("ingest", "all").start()
    mails = {"PLAUDIT_SMTP_HOST": "127.0.0.1", "PLAUDIT_SMTP_PORT": str(mailbox.port)}
    alerting = running.process("alerting", "all", PLAUDIT_INGEST_URL=ingest.base, **mails).start()
    for process in (ingest, alerting):
        await asyncio.to_thread(process.wait_ready)
    return ingest, alerting


async def test_an_invitation_from_purchase_to_review(database_url: str, fresh_kafka: Any, tmp_path: Path) -> None:
    async with open_mailbox() as mailbox:
        with stack(database_url, fresh_kafka.address, tmp_path, PLAUDIT_OWNER_EMAIL="owner@example.com") as running:
            ingest, alerting = await started(running, mailbox)
            staff = {"authorization": f"Bearer {running.key}"}
            async with httpx.AsyncClient(timeout=DEADLINE_SECONDS, headers=staff) as client:
                survey = await ask(
                    client,
                    "POST",
                    f"{ingest.base}/v1/surveys",
                    json={
                        "name": "After the delivery",
                        "subject": "acme",
                        "kind": "stars",
                        "template": "shop",
                        "language": "en",
                        "brand": "Kite Coffee",
                    },
                )
                await ask(client, "PUT", f"{alerting.base}/v1/cadences", json=rules(survey["id"]))
                for _ in "12":  # what a shop tells twice invites once
                    await ask(client, "POST", f"{ingest.base}/v1/customers/events", json={"events": [purchase()]})
                await eventually(lambda: len(to_ada(mailbox)) == 1, "the invitation has come")

            path = survey_link(to_ada(mailbox)[0])
            async with httpx.AsyncClient(timeout=DEADLINE_SECONDS, base_url=ingest.base) as customer:
                page = await customer.get(path)
                assert (page.status_code, "checked" in page.text) == (200, False)
                sent = await customer.post(path, data={"rating": "5", "text": WORDS})
                assert sent.status_code == 303, sent.text

            def touchpoints() -> list[tuple[str, str | None]]:
                items = alerting.get("/v1/touchpoints", running.key)[1].get("items", [])
                return [(each["state"], each["why"]) for each in items]

            await eventually(lambda: touchpoints() == [("ended", "responded")], "the review has ended the invitation")
            [review] = ingest.get("/v1/reviews", running.key)[1]["items"]
            assert (review["text"], review["origin"], review["verified"]) == (WORDS, "invited", True)
            [rule] = alerting.get("/v1/invitations/report", running.key)[1]["items"]
            assert [rule[name] for name in ("eligible", "invited", "mailed", "responded")] == [1, 1, 1, 1]
            assert len(to_ada(mailbox)) == 1
            assert all("quibblefrotz" not in each.log_tail(10**7) for each in (ingest, alerting))
