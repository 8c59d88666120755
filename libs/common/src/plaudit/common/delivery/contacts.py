"""Addresses of persons, asked for just before a mail leaves: no service but the one that has the vault keeps any.

Question and answer travel over HTTP between services, never through the front door. Both are sealed under the keys of
the vault that the services share: who has no key can neither ask nor read an answer. An answer is bound to its question
by a random number, so that an old one says nothing about another person or time.
"""

import secrets
from typing import Final

import msgspec

from plaudit.common.delivery.commands import NotCompletedError
from plaudit.common.delivery.domain.contact import Contact
from plaudit.common.http_client import HttpClient, UnreachableError
from plaudit.common.vault import UNOPENED, Place, Vault

PATH: Final = "/internal/contacts"
"""Of the service that has the addresses. It is no route of the front door."""
TIMEOUT_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 16 * 1024
MAX_QUESTION_BYTES: Final = 16 * 1024
_ASKED: Final = Place("", "contact_questions", "", "question")
_OK: Final = 200


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to be written to."""

    tenant_id: str
    person: str
    number: str
    """Random, so that no answer counts for another question."""
    survey: str = ""
    """The id of a survey of which the person is to get a link; empty for none."""


class NotAskedError(ValueError):
    """A question that cannot be opened: it was not sealed under a key of the vault, or not as a question."""


def seal_question(vault: Vault, question: Question) -> bytes:
    """Return a question as it travels."""
    return vault.seal(msgspec.json.encode(question).decode(), _ASKED).encode()


def open_question(vault: Vault, sealed: bytes) -> Question:
    """Return the question that was asked.

    Raises:
        NotAskedError: nobody has asked so who has a key of the vault.
    """
    try:
        return msgspec.json.decode(vault.open(sealed.decode("ascii"), _ASKED), type=Question)
    except (*UNOPENED, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise NotAskedError("the question is not sealed under a key of the vault") from error


def seal_answer(vault: Vault, question: Question, contact: Contact) -> bytes:
    """Return an answer as it travels: it can be opened as that to this question alone."""
    return vault.seal(msgspec.json.encode(contact).decode(), _answered(question)).encode()


def open_answer(vault: Vault, question: Question, sealed: bytes) -> Contact:
    """Return what was answered.

    Raises:
        SealedValueError: it is no answer to this question.
        MissingKeyError: it was sealed under a key that is not there.
    """
    opened = vault.open(sealed.decode("ascii", errors="replace"), _answered(question))
    return msgspec.json.decode(opened, type=Contact)


class AddressBook:
    """Asks the service that has the addresses. One for a process."""

    def __init__(self, origin: str, vault: Vault, client: HttpClient | None = None) -> None:
        """Ask nothing yet.

        Args:
            origin: where the service answers to other services, such as `http://127.0.0.1:8001`.
            vault: with the keys that both services have.
            client: that asks; one of its own, if none is given.
        """
        self._url = f"{origin.rstrip('/')}{PATH}"
        self._vault = vault
        self._client = client or HttpClient()

    async def contact(self, tenant_id: str, person: str, survey: str = "") -> Contact:
        """Return what there is to write to a person with.

        Raises:
            NotCompletedError: there is no answer at present, or none that can be opened.
        """
        question = Question(tenant_id=tenant_id, person=person, number=secrets.token_hex(16), survey=survey)
        try:
            answer = await self._client.ask(
                "POST",
                self._url,
                headers={"content-type": "text/plain"},
                body=seal_question(self._vault, question),
                max_bytes=MAX_ANSWER_BYTES,
                timeout_seconds=TIMEOUT_SECONDS,
            )
        except UnreachableError as error:
            raise NotCompletedError(f"the address could not be asked for: {error}") from error
        if answer.status != _OK:
            raise NotCompletedError(f"the address could not be asked for: the answer was {answer.status}")
        try:
            return open_answer(self._vault, question, answer.body)
        except UNOPENED as error:
            raise NotCompletedError("the address could not be opened: the keys of the vault differ") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


def _answered(question: Question) -> Place:
    return Place(question.tenant_id, "contact_questions", f"{question.person} {question.number}", "answer")
