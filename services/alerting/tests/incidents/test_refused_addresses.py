"""A subscriber of an incident whose address is refused for good is not tried again with each update."""

import pytest

from plaudit_testing.mailbox import Mailbox

pytestmark = pytest.mark.postgres

ADA, BEN = "ada@customer.example", "ben@customer.example"
WHY_NOT = "the mail server has refused the address for good"


async def subscribed(incidents, opened, *addresses):
    for address in addresses:
        answer = await incidents.posts(opened, "subscribers", address=address, language="en")
        assert answer.status_code == 201, answer.text


def of_customers(mailbox):
    return [each for each in mailbox.recipients if each in {ADA, BEN}]


async def by_mail(incidents, opened, number):
    items = (await incidents.api.get(f"/v1/incidents/{opened['id']}/deliveries")).json()["items"]
    [found] = [each for each in items if (each["channel"], each["number"]) == ("email", number)]
    return found


async def test_who_is_refused_is_not_tried_with_the_next_update_and_the_page_says_so(incidents, mailbox: Mailbox):
    opened = await incidents.opened()
    await subscribed(incidents, opened, ADA, BEN)
    mailbox.answers_to[ADA] = "550 5.1.1 no such user"
    for _ in range(3):
        await incidents.updated(opened)
        await incidents.stage.sends()
    assert of_customers(mailbox) == [BEN] * 3
    tried = await incidents.stage.rows("SELECT number FROM message_attempts WHERE kind = 'gone'")
    assert tried == [{"number": 1}], "the address that was refused is tried once"
    first, third = await by_mail(incidents, opened, 1), await by_mail(incidents, opened, 3)
    assert (first["sent"], first["failed"], first["withdrawn"]) == (1, 1, 0)
    assert ADA not in first["error"]
    assert (third["sent"], third["failed"], third["withdrawn"]) == (1, 0, 1)
    assert WHY_NOT in third["error"]


async def test_who_is_sent_the_failed_message_again_is_told_again_once_it_arrives(incidents, mailbox: Mailbox):
    opened = await incidents.opened()
    await subscribed(incidents, opened, ADA)
    mailbox.answers_to[ADA] = "550 5.1.1 no such user"
    await incidents.updated(opened)
    await incidents.stage.sends()
    mailbox.answers_to.clear()
    answer = await incidents.api.post(f"/v1/incidents/{opened['id']}/deliveries/redrive", json={})
    assert answer.status_code == 200, answer.text
    await incidents.stage.sends()
    await incidents.updated(opened)
    await incidents.stage.sends()
    assert of_customers(mailbox) == [ADA, ADA]


@pytest.mark.parametrize("answer", ["550 5.7.1 spam", "552 5.2.2 mailbox full"])
async def test_a_filter_and_a_full_mailbox_suppress_nothing(incidents, mailbox: Mailbox, answer):
    opened = await incidents.opened()
    await subscribed(incidents, opened, ADA)
    mailbox.answers_to[ADA] = answer
    await incidents.updated(opened)
    await incidents.stage.sends()
    mailbox.answers_to.clear()
    await incidents.updated(opened)
    await incidents.stage.sends()
    assert of_customers(mailbox) == [ADA]
