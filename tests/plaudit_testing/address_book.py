"""A service that has addresses of customers, as far as an address book sees it."""

from dataclasses import dataclass, field
from typing import Any

from plaudit.common.delivery.contacts import AddressBook, open_question, seal_answer
from plaudit.common.delivery.domain.contact import Contact
from plaudit.common.http_client import HttpAnswer, HttpClient, UnreachableError
from plaudit.common.vault import Vault


@dataclass
class Answering(HttpClient):
    """Answers questions as the service does, under the same keys."""

    vault: Vault
    contacts: dict[str, Contact] = field(default_factory=dict)
    """Person key → what is answered; nothing is known of others."""
    asked: list[str] = field(default_factory=list)
    """Person keys, in order."""
    is_out: bool = False

    def book(self) -> AddressBook:
        """Return the book that asks it."""
        return AddressBook("http://ingest.example", self.vault, self)

    async def ask(self, method: str, url: str, **more: Any) -> HttpAnswer:
        """Answer one question."""
        if self.is_out:
            raise UnreachableError("no connection can be made")
        question = open_question(self.vault, more["body"])
        self.asked.append(question.person)
        contact = self.contacts.get(question.person, Contact())
        return HttpAnswer(200, {}, seal_answer(self.vault, question, contact))
