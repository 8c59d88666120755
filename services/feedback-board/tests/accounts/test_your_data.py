"""What is here of a person is sent and deleted for whoever proves to read the mails of the address."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.common.contracts import CustomerErased, Envelope
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import Record
from plaudit.feedback_board.erasure import commands
from plaudit.feedback_board.erasure.consumer import note_persons
from plaudit.feedback_board.erasure.domain import ErasedPerson
from plaudit_testing.board_pages import BOARD, link_in, page_of, put_on_board
from plaudit_testing.erasing import holders, scrub_all

pytestmark = pytest.mark.postgres


async def ask(browser: httpx.AsyncClient, choice: str, email: str = "ada@example.com") -> httpx.Response:
    return await browser.post(f"{BOARD}/your-data", data={"email": email, "choice": choice})


async def tell_that_erased(worker, event: dict[str, Any]) -> None:
    """The event of ingest comes, which erases what the board's notice asks for."""
    envelope: Envelope[Any] = Envelope(
        specversion="1.0",
        id=str(uuid7()),
        source="/plaudit/ingest",
        type="customer.erased",
        time=datetime.now(UTC),
        subject=event["data"]["person"],
        tenant=event["tenant"],
        datacontenttype="application/json",
        data=CustomerErased(
            erasure_id=str(uuid7()),
            person=event["data"]["person"],
            erased_at=datetime.fromisoformat(event["data"]["requested_at"]),
        ),
        epoch="1",
        sequence=f"{1:020d}",
    )
    read = msgspec.json.decode(msgspec.json.encode(envelope), type=Envelope[ErasedPerson])
    async with worker.transaction() as tx:
        await note_persons(tx, [Record(event=read, partition=0, offset=0, sequence=1, epoch=1)])


async def test_the_page_says_what_is_kept_and_why(api: httpx.AsyncClient, clients) -> None:
    page = page_of(await clients.visitor().get(f"{BOARD}/your-data"))
    assert len(page.one("tbody").all("tr")) >= 6


async def test_the_export_has_what_the_person_did_also_before_signing_in(
    api: httpx.AsyncClient, clients, mailbox, sign_in
) -> None:
    path = await put_on_board(api, "Dark mode")
    browser = clients.visitor()
    await browser.post(f"{BOARD}/requests", data={"title": "Pumps", "text": "At the pier."})
    await browser.post(f"{path}/votes", data={"choice": "vote"})
    await sign_in(browser, "ada@example.com", "Ada")
    await ask(browser, "export")
    link = link_in(mailbox)
    assert (await browser.get(link)).headers["content-type"].startswith("text/html")
    answer = await browser.post(link)
    assert answer.headers["content-disposition"].startswith("attachment")
    export = answer.json()
    assert export["name"] == "Ada"
    assert {each["title"] for each in export["votes"]} == {"Dark mode", "Pumps"}
    assert [each["text"] for each in export["requests"]] == ["At the pier."]
    assert len(export["sessions"]) == 1
    assert {"request_created", "voted", "vote_adopted"} <= {each["type"] for each in export["log"]}
    assert (await browser.post(link)).status_code == 410


async def test_an_export_has_nothing_of_anybody_else(api: httpx.AsyncClient, clients, mailbox, sign_in) -> None:
    path = await put_on_board(api, "Dark mode")
    other = clients.visitor()
    await sign_in(other, "eve@example.com", "Eve")
    await other.post(f"{path}/votes", data={"choice": "vote"})
    await ask(clients.visitor(), "export")
    export = (await clients.visitor().post(link_in(mailbox))).json()
    assert (export["name"], export["votes"], export["requests"], export["sessions"], export["log"]) == (
        None, [], [], [], []
    )  # fmt: skip


async def test_a_deletion_is_asked_twice_told_to_ingest_and_has_a_receipt(
    api: httpx.AsyncClient, clients, mailbox, outbox, worker, sign_in
) -> None:
    path = await put_on_board(api, "Dark mode")
    browser = clients.visitor()
    await sign_in(browser, "ada@example.com", "Ada")
    await browser.post(f"{path}/votes", data={"choice": "vote"})
    await ask(browser, "deletion")
    link = link_in(mailbox)
    asked = await browser.get(link)
    assert "cannot be undone" in asked.text
    assert "person.erasure_requested" not in await outbox.types()
    answer = await browser.post(link, follow_redirects=True)
    assert "is being deleted" in page_of(answer).text
    assert "ada" not in answer.text.lower()
    assert link_in(mailbox) == answer.url.path
    assert mailbox.recipients[-1] == "ada@example.com"
    assert "plaudit_person_default" not in browser.cookies
    (event,) = [each for each in await outbox.events() if each["type"] == "person.erasure_requested"]
    async with worker.transaction() as tx:
        assert event["data"]["person"] == await tx.raw.fetchval("SELECT person_key FROM visitors")
    assert (await browser.post(link)).status_code == 410
    assert len([each for each in await outbox.types() if each == "person.erasure_requested"]) == 1


async def test_when_all_is_erased_the_board_holds_nothing_and_the_receipt_says_so(
    api: httpx.AsyncClient, clients, mailbox, outbox, worker, resources, clock, sign_in
) -> None:
    path = await put_on_board(api, "Dark mode")
    browser = clients.visitor()
    await browser.post(f"{path}/votes", data={"choice": "vote"})
    await sign_in(browser, "ada@example.com", "Adalgisa")
    await ask(browser, "deletion")
    receipt = (await browser.post(link_in(mailbox))).headers["location"]
    (event,) = [each for each in await outbox.events() if each["type"] == "person.erasure_requested"]
    await tell_that_erased(worker, event)
    await clock.move_to(timedelta(minutes=1))
    await scrub_all(worker, commands.scrubbing(resources.outbox, resources.ids))
    async with worker.transaction() as tx:
        assert await holders(tx.raw, "feedback-board", event["data"]["person"], "Adalgisa") == []
    (found,) = (await api.get("/v1/requests")).json()["items"]
    assert (found["votes"], found["reach"]) == (0, 0)
    assert "All about you is deleted" in page_of(await clients.visitor().get(receipt)).text


async def test_who_comes_back_after_the_deletion_stays(
    api: httpx.AsyncClient, clients, mailbox, outbox, worker, resources, clock, sign_in
) -> None:
    browser = clients.visitor()
    await sign_in(browser, "ada@example.com", "Ada")
    await ask(browser, "deletion")
    await browser.post(link_in(mailbox))
    (event,) = [each for each in await outbox.events() if each["type"] == "person.erasure_requested"]
    await sign_in(browser, "ada@example.com", "Ada again")
    await tell_that_erased(worker, event)
    await clock.move_to(timedelta(minutes=1))
    await scrub_all(worker, commands.scrubbing(resources.outbox, resources.ids))
    assert "Signed in as Ada again" in page_of(await browser.get(f"{BOARD}/me")).text


async def test_the_receipt_of_another_board_is_not_found(api: httpx.AsyncClient, clients, mailbox) -> None:
    await clients.with_key("other", "*")
    await ask(clients.visitor(), "deletion")
    receipt = (await clients.visitor().post(link_in(mailbox))).headers["location"]
    assert (await clients.visitor().get(receipt)).status_code == 200
    assert (await clients.visitor().get(receipt.replace("/default/", "/other/"))).status_code == 404


async def test_a_link_of_one_board_does_nothing_on_another(api: httpx.AsyncClient, clients, mailbox) -> None:
    await clients.with_key("other", "*")
    await ask(clients.visitor(), "deletion")
    elsewhere = link_in(mailbox).replace("/default/", "/other/")
    assert (await clients.visitor().get(elsewhere)).status_code == 410
    assert (await clients.visitor().post(elsewhere)).status_code == 410
    assert (await clients.visitor().post(link_in(mailbox))).status_code == 303


async def test_a_sign_in_is_no_choice_of_the_page(api: httpx.AsyncClient, clients, mailbox) -> None:
    assert (await ask(clients.visitor(), "sign_in")).status_code == 404
    assert (await ask(clients.visitor(), "everything")).status_code == 422
    assert not mailbox.mails
