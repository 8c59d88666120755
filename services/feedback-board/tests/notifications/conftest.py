"""People who asked for something, a real mail server, and time that moves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.db import Database, Role
from plaudit.common.delivery.channels.sender import Sender
from plaudit.common.delivery.connector import Connector
from plaudit.common.delivery.contacts import AddressBook
from plaudit.common.delivery.domain.contact import Contact
from plaudit.common.delivery.jobs import DeliveryJob
from plaudit.common.process import Resources
from plaudit.common.vault import vault_of
from plaudit.feedback_board.notifications.commands.contacts import remember_contact
from plaudit.feedback_board.notifications.commands.sending import PREFERENCES, check_of, completing
from plaudit.feedback_board.notifications.domain.messages import TOPIC
from plaudit.feedback_board.notifications.jobs import TellingJob
from plaudit.feedback_board.settings import BoardSettings
from plaudit_testing.address_book import Answering
from plaudit_testing.mailbox import Mailbox, open_mailbox

HOLD = timedelta(minutes=10)
ADDRESS = "http://board.example"


@dataclass
class Stage:
    """One board with a mail server."""

    resources: Resources[BoardSettings]
    api: httpx.AsyncClient
    mailbox: Mailbox
    clock: Any
    customers: Answering
    since_begin: timedelta = field(default_factory=timedelta)

    @property
    def worker(self) -> Database:
        return self.resources.database(Role.WORKER)

    async def request(self, title: str = "Refund the deposit at once", *voters: str) -> str:
        """A request with votes; returns its path in the API."""
        path = f"/v1/requests/{(await self.api.post('/v1/requests', json={'title': title})).json()['id']}"
        for voter in voters:
            await self.vote(path, voter)
        return path

    async def vote(self, path: str, voter: str) -> None:
        assert (await self.api.post(f"{path}/votes", json={"person": voter})).status_code in {200, 201}

    async def knows(self, person: str, *, tenant: str = "default", language: str = "en") -> None:
        """Somebody has signed in on the board: `native:anna` with anna@example.org."""
        vault = vault_of(self.resources.settings)
        async with self.resources.database(Role.API).change(tenant) as tx:
            await remember_contact(tx, vault, tenant, person, address_of(person), language)

    def is_customer(self, person: str, consent: str = "granted") -> None:
        """The company knows somebody as a customer."""
        self.customers.contacts[person] = Contact(address=address_of(person), consent=consent)

    async def becomes(self, path: str, status: str, **more: Any) -> None:
        body = {"status": status, "reason": f"Because it is {status}.", **more}
        answer = await self.api.put(f"{path}/status", json=body)
        assert answer.status_code == 200, answer.text

    async def merge(self, path: str, into: str) -> None:
        body = {"into": into.rpartition("/")[2], "reason": "Both ask for the same."}
        assert (await self.api.put(f"{path}/merge", json=body)).status_code == 200

    async def later(self, by: timedelta = HOLD) -> None:
        """Let time pass."""
        self.since_begin += by
        await self.clock.move_to(self.since_begin)

    def job(self, *, asks: bool = True) -> TellingJob:
        return TellingJob(self.worker, HOLD.total_seconds(), can_ask=asks)

    async def tell(self, *, asks: bool = True) -> None:
        """Queue what is due, as the job does."""
        job = self.job(asks=asks)
        while await job.turn():
            pass

    async def send(self, *, book: AddressBook | None = None) -> list[str]:
        """Send what is queued, and return to whom mails have gone since the beginning."""
        settings = self.resources.settings.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": self.mailbox.port, "smtp_timeout_seconds": 30.0}
        )
        vault = vault_of(settings)
        sender = Sender(settings, Connector(settings))
        job = DeliveryJob(
            self.worker,
            settings,
            sender,
            vault,
            {TOPIC: check_of(ADDRESS)},
            complete=completing(self.worker, vault, book or self.customers.book()),
            preferences=PREFERENCES,
        )
        await job.settle()
        await sender.close()
        return self.told

    async def told_after_hold(self) -> list[str]:
        """Let the hold pass, tell and send; return to whom mails have gone since the beginning."""
        await self.later()
        await self.tell()
        return await self.send()

    @property
    def told(self) -> list[str]:
        return sorted(each.partition("@")[0] for each in self.mailbox.recipients)

    async def count(self, query: str, *values: Any) -> Any:
        async with self.worker.transaction() as tx:
            return await tx.raw.fetchval(query, *values)


def address_of(person: str) -> str:
    return f"{person.rpartition(':')[2]}@example.org"


@pytest.fixture
async def stage(resources, api, clock) -> AsyncIterator[Stage]:
    async with open_mailbox() as mailbox:
        yield Stage(resources, api, mailbox, clock, Answering(vault_of(resources.settings)))
