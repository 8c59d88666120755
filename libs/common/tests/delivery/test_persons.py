"""Mails to persons: the address is asked for as they leave, and kept nowhere."""

from dataclasses import replace

import pytest

from plaudit.common.delivery import commands
from plaudit.common.delivery.commands import NotCompletedError, Ready, Withdraw
from plaudit.common.delivery.domain.message import Content, Message, MessageError, person
from plaudit.common.delivery.jobs import NO_ADDRESSES
from plaudit_testing.delivering import by_mail, later

pytestmark = pytest.mark.postgres
ADDRESS = "quibble@acme.example"


def to_ann(key="a", **more):
    content = Content("Hello", "How was it?", sender_name="Kite Coffee")
    return Message("default", key, "invitation.mail", person("p1"), content, **more)


def finding(answer):
    """What completes a mail by this answer, and whom it was asked about."""
    asked = []

    async def complete(ready: Ready) -> Ready | Withdraw:
        asked.append(ready.delivery.person_key)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Withdraw) else replace(ready, address=answer)

    return complete, asked


async def all_words(post):
    tables = ("messages", "message_deliveries", "message_attempts")
    return str([await post.rows(f"SELECT * FROM {table}") for table in tables])


async def test_it_leaves_to_the_address_which_is_kept_nowhere(post, mailbox):
    complete, asked = finding(ADDRESS)
    await post.queue(to_ann())
    await post.new_job(complete).settle()
    assert (mailbox.recipients, asked) == ([ADDRESS], ["p1"])
    assert mailbox.mails[0]["From"].addresses[0].display_name == "Kite Coffee"
    assert "/stop/invitation.mail" in mailbox.mails[0]["List-Unsubscribe"]
    words = await all_words(post)
    assert ADDRESS not in words
    assert ADDRESS.encode().hex() not in words


async def test_where_nobody_can_be_asked_or_the_answer_is_no_it_is_withdrawn_without_an_attempt(post, mailbox):
    await post.queue(to_ann("a"))
    await post.sends()
    await post.queue(to_ann("b"))
    await post.new_job(finding(Withdraw("no address"))[0]).settle()
    rows = await post.deliveries()
    assert [(row["state"], row["reason"]) for row in rows] == [("withdrawn", NO_ADDRESSES), ("withdrawn", "no address")]
    assert await post.rows("SELECT 1 FROM message_attempts") == []
    assert mailbox.mails == []


async def test_while_there_is_no_answer_it_is_tried_again_and_mails_to_addresses_leave(post, mailbox):
    job = post.new_job(finding(NotCompletedError("it is away"))[0])
    await post.queue(to_ann("a"))
    await job.settle()
    for number in range(6):
        await post.move_to(later(hours=9 * (number + 1)))
        await post.queue(by_mail(f"staff {number}"))
        await job.settle()
    [row] = [each for each in await post.deliveries() if each["key"] == "a"]
    assert (row["state"], row["reason"]) == ("pending", "it is away")
    assert len(mailbox.mails) == 6
    complete, _ = finding(ADDRESS)
    await post.move_to(later(days=9))
    await post.new_job(complete).settle()
    assert mailbox.recipients[-1] == ADDRESS


async def test_what_concerns_an_erased_person_is_found_no_more(post, mailbox):
    complete, asked = finding(ADDRESS)
    await post.queue(to_ann("a"), to_ann("b", not_before=later(days=1)))
    await post.new_job(complete).settle()
    async with post.worker.transaction() as tx:
        assert await commands.erase_person(tx, "default", "p1") == 2
    assert "p1" not in await all_words(post)
    await post.move_to(later(days=2))
    await post.new_job(complete).settle()
    assert asked == ["p1"]
    assert len(mailbox.mails) == 1


def test_a_person_has_a_key():
    with pytest.raises(MessageError):
        person("")
