"""An update is corrected by a revision, which every channel gets; what has not left yet says nothing wrong any more."""

import asyncio

import pytest

from plaudit_testing.incidents import TEXT, after, page_of
from plaudit_testing.mailbox import Mailbox

pytestmark = pytest.mark.postgres

RIGHT = TEXT | {"fix": "We have moved payments to our third provider."}
WHY = "It is the third one."


async def corrected(incidents, opened, number=1, **members):
    body = {"texts": [RIGHT], "reason": WHY} | members
    return await incidents.puts(opened, f"updates/{number}", **body)


async def subscribed(incidents, opened):
    answer = await incidents.posts(opened, "subscribers", address="ada@customer.example", language="en")
    assert answer.status_code == 201, answer.text


async def channels(incidents, opened):
    items = (await incidents.api.get(f"/v1/incidents/{opened['id']}/deliveries")).json()["items"]
    return {(each["channel"], each["number"], each["revision"]): (each["has"], each["error"]) for each in items}


async def test_every_channel_gets_the_correction(incidents, mailbox: Mailbox):
    opened = await incidents.opened()
    await subscribed(incidents, opened)
    await incidents.updated(opened)
    await incidents.stage.sends()
    answer = await corrected(incidents, opened)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["revision"], answer.json()["reason"]) == (2, WHY)
    await incidents.stage.sends()
    mails = [each for each in mailbox.mails if each["To"] == "ada@customer.example"]
    assert [str(each["Subject"]) for each in mails] == [
        *("Card payments fail – Open", "Correction: Card payments fail – Open")
    ]
    assert RIGHT["fix"] in mails[1].get_body(("plain",)).get_content()
    assert {key: has for key, (has, _) in (await channels(incidents, opened)).items()} == {
        ("page", 1, 2): "published",
        ("banner", 1, 2): "published",
        ("email", 1, 1): "sent",
        ("email", 1, 2): "sent",
        ("console", 1, 1): "sent",
        ("console", 1, 2): "sent",
    }
    public = incidents.stage.plain_client(accept="text/html")
    page = (await public.get(page_of(opened))).text
    assert (RIGHT["fix"] in page, TEXT["fix"] in page, "Correction <time" in page) == (True, False, True)
    [banner] = (await public.get("/incidents/default/banner.json")).json()["incidents"]
    assert (banner["number"], banner["revision"], banner["texts"][0]["fix"]) == (1, 2, RIGHT["fix"])


async def test_what_has_not_left_is_told_once_as_it_is_right(incidents, mailbox: Mailbox):
    opened = await incidents.opened()
    await subscribed(incidents, opened)
    await incidents.updated(opened)
    await corrected(incidents, opened)
    await incidents.stage.sends()
    mails = [each for each in mailbox.mails if each["To"] == "ada@customer.example"]
    assert [str(each["Subject"]) for each in mails] == ["Correction: Card payments fail – Open"]
    has, error = (await channels(incidents, opened))["email", 1, 1]
    assert (has, "its correction is told" in error) == ("withdrawn", True)


async def test_all_that_was_said_stays_listed(incidents):
    opened = await incidents.opened()
    await incidents.updated(opened)
    await corrected(incidents, opened)
    path = f"/v1/incidents/{opened['id']}/updates"
    [as_it_stands] = (await incidents.api.get(path)).json()["items"]
    assert (as_it_stands["revision"], as_it_stands["texts"][0]["fix"]) == (2, RIGHT["fix"])
    listed = (await incidents.api.get(f"{path}/1/revisions")).json()["items"]
    assert [(each["revision"], each["texts"][0]["fix"]) for each in listed] == [(2, RIGHT["fix"]), (1, TEXT["fix"])]
    assert listed[0]["made_at"] == listed[1]["made_at"]
    [entry, *_] = (await incidents.api.get(f"/v1/incidents/{opened['id']}/log")).json()["items"]
    assert (entry["kind"], entry["note"], entry["data"]["revision"]) == ("corrected", WHY, 2)


async def test_a_correction_fulfils_no_clock(incidents):
    opened = await incidents.opened()
    await incidents.updated(opened)
    before = await incidents.log(opened, instance=2)
    await corrected(incidents, opened)
    assert await incidents.log(opened, instance=2) == before
    assert await incidents.clock(opened, instance=3) is None


async def test_a_correction_that_cannot_be_is_refused_with_the_reason(incidents):
    opened = await incidents.opened()
    await incidents.updated(opened)
    same = await corrected(incidents, opened, texts=[TEXT])
    assert (same.status_code, "says that already" in same.json()["detail"]) == (409, True)
    assert (await corrected(incidents, opened, number=2)).status_code == 404
    assert (await corrected(incidents, opened, reason=" ")).json()["errors"][0]["pointer"] == "/reason"
    assert (await incidents.api.get(f"/v1/incidents/{opened['id']}/updates/2/revisions")).status_code == 404
    await incidents.posts(opened, "resolve")
    await incidents.posts(opened, "close", learnings="Watch it.")
    assert (await corrected(incidents, opened)).status_code == 409


@pytest.mark.parametrize(("answer", "kept"), [("250 OK", "sent"), ("451 later", "withdrawn")])
async def test_a_correction_while_the_first_mail_is_at_the_server_follows_it_once(
    incidents, mailbox: Mailbox, answer, kept
):
    opened = await incidents.opened()
    await subscribed(incidents, opened)
    await incidents.updated(opened)
    is_there, may_go, took = asyncio.Event(), asyncio.Event(), mailbox.handle_DATA

    async def held(*arguments):
        is_there.set()
        await may_go.wait()
        mailbox.answer = lambda: answer
        return await took(*arguments)

    mailbox.handle_DATA = held
    sending = asyncio.create_task(incidents.stage.sends())
    await asyncio.wait_for(is_there.wait(), 60)
    assert (await corrected(incidents, opened)).status_code == 200
    may_go.set()
    await sending
    mailbox.handle_DATA, mailbox.answer = took, lambda: "250 OK"
    await incidents.stage.move_to(after(0.1))
    await incidents.stage.sends()
    mails = [str(each["Subject"]) for each in mailbox.mails if each["To"] == "ada@customer.example"]
    first = ["Card payments fail – Open"] if kept == "sent" else []
    assert mails == [*first, "Correction: Card payments fail – Open"]
    found = {key[2]: has for key, (has, _) in (await channels(incidents, opened)).items() if key[0] == "email"}
    assert found == {1: kept, 2: "sent"}
