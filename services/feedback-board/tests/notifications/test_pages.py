"""The pages of who is told: the button of a request's page, the link of a mail, preferences, and staff's view."""

import re
from datetime import timedelta

import pytest

from plaudit_testing.board_pages import BOARD, page_of, submit

pytestmark = pytest.mark.postgres

ANNA, BEN = "native:anna", "native:ben"


async def links_of_a_mail(stage) -> dict[str, str]:
    """What Anna's mail about a request leads to, by the path's end."""
    path = await stage.request("Refund the deposit", ANNA)
    await stage.knows(ANNA)
    await stage.becomes(path, "shipped")
    await stage.told_after_hold()
    mail = stage.mailbox.mails[-1]
    plain = mail.get_body(("plain",)).get_content().replace("\n", " ")
    paths = re.findall(r"http://board[.]example(\S+)", plain)
    one_click = re.search(r"<https?://[^/]+([^>]+)>", mail["List-Unsubscribe"])
    assert one_click is not None
    return {"path": path, "request": paths[0], "stop": paths[1], "all": paths[2], "one_click": one_click[1]}


async def test_a_visitor_follows_a_request_and_stops_by_its_button(clients, api) -> None:
    made = (await api.post("/v1/requests", json={"title": "Dark mode"})).json()
    visitor, address = clients.visitor(), f"{BOARD}/r/{made['slug']}"

    def form(page):
        (found,) = [each for each in page.all("form") if each.attributes["action"].endswith("/followers")]
        return found

    page = page_of(await visitor.get(address))
    followed = page_of(await submit(visitor, form(page)))
    assert "You follow this request." in followed.text
    assert form(followed).one("button").text == "Stop following"
    stopped = page_of(await submit(visitor, form(followed)))
    assert "You do not follow this request any more." in stopped.text
    assert form(stopped).one("button").text == "Follow this"


async def test_a_button_on_another_site_follows_nothing(clients, api) -> None:
    made = (await api.post("/v1/requests", json={"title": "Dark mode"})).json()
    stranger = clients.visitor(headers={"sec-fetch-site": "cross-site"})
    answer = await stranger.post(f"{BOARD}/r/{made['slug']}/followers", data={"choice": "follow"})
    assert answer.status_code == 403


async def test_the_link_of_a_mail_asks_first_and_stops_by_a_button_alone(stage, clients) -> None:
    links, reader = await links_of_a_mail(stage), clients.visitor()
    page = page_of(await reader.get(links["stop"]))
    assert page.one("h1").text == "Stop mails about this request?"
    assert await stage.count("SELECT count(*) FROM followers") == 0, "a link that is opened stops nothing"
    (form,) = page.all("form")
    assert page_of(await submit(reader, form)).one("h1").text == "You get no mails about this request any more"
    assert await stage.count("SELECT state FROM followers") == "stopped"
    assert (await reader.get(links["stop"].replace("requests/", "requests/0"))).status_code in {404, 422}
    token = links["all"].rpartition("/")[2]
    assert (await reader.get(links["stop"].replace(token, "x" + token))).status_code == 404


async def test_one_click_stops_all_such_mails_for_good_and_a_get_stops_none(stage, clients) -> None:
    links, program = await links_of_a_mail(stage), clients.visitor()
    assert (await program.get(links["one_click"])).status_code == 303
    preferences = page_of(await program.get(links["all"]))
    (box,) = preferences.all("input", type="checkbox")
    assert "checked" in box.attributes, "who has said nothing is told, and the page shows it"
    answer = await program.post(links["one_click"], data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    (box,) = page_of(await program.get(links["all"])).all("input", type="checkbox")
    assert "checked" not in box.attributes
    other = await stage.request("Dark mode", ANNA, BEN)
    await stage.knows(ANNA)
    await stage.knows(BEN)
    await stage.becomes(other, "shipped")
    assert await stage.told_after_hold() == ["anna", "ben"], "Anna was told of the first one alone"


async def test_staff_see_who_would_be_told_and_who_not_and_why(stage, clients) -> None:
    path = await stage.request("Refund the deposit", ANNA, BEN, "native:cara", f"visitor:{'0' * 32}")
    await stage.knows(ANNA)
    await stage.knows(BEN)
    await stage.api.delete(f"{path}/followers/{BEN}")
    counted = (await stage.api.get(f"{path}/audience", params={"status": "planned"})).json()
    assert counted == {
        "status": "planned",
        "notifies": True,
        "held_seconds": 600.0,
        "by_mail": 1,
        "if_consented": 0,
        "stopped": 1,
        "opted_out": 0,
        "actor": 0,
        "no_mailbox": 0,
        "anonymous": 1,
        "no_address": 1,
        "complete": True,
    }
    people = (await stage.api.get(f"{path}/audience/people", params={"limit": 2})).json()
    assert people["items"] == [
        {"person": ANNA, "why": ["voted"], "told": "by_mail"},
        {"person": BEN, "why": ["voted"], "told": "stopped"},
    ]
    rest = (await stage.api.get(f"{path}/audience/people", params={"cursor": people["next"]})).json()
    assert [each["told"] for each in rest["items"]] == ["no_address", "anonymous"]
    staff = await clients.staff("default", "board:read")
    page = page_of(await staff.get(f"/console/requests/{path.rpartition('/')[2]}/audience?status=planned"))
    assert page.one("h2", id="counts").text == "1 mail"
    assert "they want to hear of this request no more" in page.text


async def test_a_mailbox_that_is_not_there_is_not_written_to_again(stage) -> None:
    path, other = await stage.request("Refund the deposit", ANNA), await stage.request("Dark mode", ANNA)
    await stage.knows(ANNA)
    stage.mailbox.answer_to_recipient = "550 no such mailbox"
    await stage.becomes(path, "shipped")
    assert await stage.told_after_hold() == []
    stage.mailbox.answer_to_recipient = "250 OK"
    assert (await stage.api.get(f"{other}/audience")).json()["no_mailbox"] == 1
    await stage.becomes(other, "shipped")
    assert await stage.told_after_hold() == []


async def test_what_waits_for_the_team_is_counted(stage) -> None:
    old, planned = await stage.request("Refund the deposit"), await stage.request("Dark mode")
    await stage.request("Money back", *(f"native:p{number}" for number in range(10)))
    await stage.becomes(planned, "planned", notify=False)
    await stage.merge(old, planned)
    await stage.later(timedelta(days=91))
    await stage.request("A new one")
    counted = (await stage.api.get("/v1/board/triage")).json()
    del counted["as_of"], counted["first"]
    assert counted == {
        "new": 1,
        "new_open": 1,
        "waiting": 2,
        "under_review": 0,
        "stale_open": 1,
        "stale_planned": 1,
        "stale_in_progress": 0,
        "unsized_large": 1,
        "held_posts": 0,
        "vote_bursts": 0,
        "suggested_links": 0,
        "failed_mails": 0,
    }
