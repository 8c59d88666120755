"""What a gathered message says on each channel: all of it within the limits, and nothing cut in silence."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.delivery.domain.bundle import MAX_ITEMS, Gathered, bundle_content
from plaudit.common.delivery.domain.message import Channel, Item, Route, bundle_of
from plaudit.common.delivery.domain.shapes import slack, teams, webhook
from plaudit.common.delivery.domain.shapes.mail import mail_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINK = "https://plaudit.example/console/clocks"


def item(number=1, **changes):
    told = {
        "words": f"1-star review of acme/shop-{number}",
        "kind": "late",
        "details": ("★☆☆☆☆", "Answer by 2 March 2026, 10:00 UTC", "late by 2 h"),
        "quote": "Never again",
        "link": f"https://plaudit.example/console/reviews/{number}",
        "at": NOW + timedelta(minutes=number),
    }
    return Item(**told | changes)


def gathered(items, channel=Channel.EMAIL):
    made = Gathered(MAX_ITEMS[channel])
    made.add((str(number), each) for number, each in enumerate(items))
    return bundle_content(made, LINK, "Open all clocks")


def delivery(channel=Channel.EMAIL):
    to = "ann@acme.example" if channel == Channel.EMAIL else str(uuid4())
    return bundle_of("default", "clock", Route(channel, to), NOW, NOW, is_urgent=False)


def test_what_is_urgent_comes_first_and_then_what_is_due_first():
    items = [item(3), item(1), item(2, is_urgent=True, kind="new")]
    content = gathered(items)
    assert [each.words[-1] for each in content.listing.items] == ["2", "1", "3"]
    assert content.subject == "3 at once, 1 urgent: 2 late, 1 new"


def test_every_item_is_listed_with_what_is_known_and_its_link():
    content = gathered([item(1), item(2)])
    for number in (1, 2):
        assert f"1-star review of acme/shop-{number}" in content.text
        assert f"https://plaudit.example/console/reviews/{number}" in content.text
        assert f'href="https://plaudit.example/console/reviews/{number}"' in content.html
    assert "late by 2 h" in content.text
    assert content.listing.more == ""


@pytest.mark.parametrize("channel", list(MAX_ITEMS))
def test_what_is_not_listed_is_counted_and_one_is_told_where_it_is(channel):
    content = gathered([item(number) for number in range(2_799)], channel)
    missing = 2_799 - MAX_ITEMS[channel]
    assert content.listing.more == f"And {missing:,} more, in the list below: Open all clocks."
    assert content.listing.more in content.text
    assert content.listing.more in content.html
    assert content.data["total"] == 2_799
    assert content.link == LINK


def longest(number):
    """An item of the longest texts, in letters of four bytes."""
    return item(
        number, words="😀" * 400, quote="😀" * 900, details=("😀" * 300,) * 3, link="https://x.example/" + "y" * 80
    )


def test_slack_takes_at_most_50_blocks_and_no_item_is_lost():
    items = [longest(number) for number in range(80)]
    body = json.loads(slack.request_of(gathered(items, Channel.SLACK)).body)
    sections = [block for block in body["blocks"] if block["type"] == "section"]
    assert len(body["blocks"]) <= 50
    assert len([each for each in sections if "accessory" in each]) == MAX_ITEMS[Channel.SLACK]
    assert all(len(each["text"]["text"]) <= 3_000 for each in sections)
    assert "And 50 more" in sections[-1]["text"]["text"]


def test_a_card_of_teams_holds_each_item_and_its_link_and_fits():
    items = [longest(number) for number in range(80)]
    raw = teams.request_of(gathered(items, Channel.TEAMS)).body
    runs = [each["inlines"][0] for each in json.loads(raw)["attachments"][0]["content"]["body"]]
    assert len(raw) <= teams.MAX_BODY_BYTES
    assert len([run for run in runs if "selectAction" in run]) == MAX_ITEMS[Channel.TEAMS]
    assert "And 65 more" in runs[-1]["text"]


def test_a_webhook_has_its_items_as_data_and_is_not_too_long():
    content = gathered([longest(number) for number in range(80)], Channel.WEBHOOK)
    raw = webhook.body_of(delivery(Channel.WEBHOOK), content)
    told = json.loads(raw)
    assert len(raw) <= webhook.MAX_BODY_BYTES
    assert told["type"] == "clock.gathered"
    assert (told["data"]["total"], told["data"]["listed"], len(told["data"]["items"])) == (80, 20, 20)


def test_the_mail_has_both_parts_and_says_that_a_program_wrote_it():
    mail = mail_of(delivery(), gathered([item(1), item(2)]), sender="plaudit@acme.example", sent_at=NOW)
    assert mail.get_body(("plain",)) is not None
    assert mail.get_body(("html",)) is not None
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "OOF, AutoReply")
    assert "<clock.plaudit.acme.example>" in mail["List-Id"]


def test_all_bundles_since_the_first_window_are_one_thread_and_each_has_its_own_key():
    one, other = (
        bundle_of("default", "clock", Route(Channel.EMAIL, "a@b.example"), NOW, at, is_urgent=False)
        for at in (NOW + timedelta(minutes=1), NOW + timedelta(minutes=3))
    )
    assert one.thread == other.thread
    assert one.id != other.id


def test_a_quote_from_right_to_left_keeps_its_direction_and_turns_nothing_else():
    content = gathered([item(1, quote="لن أعود أبدا"), item(2)])
    assert "\u2068“لن أعود أبدا”\u2069" in content.text
    assert '<span dir="auto"' in content.html


@given(st.text(max_size=400))
def test_words_of_strangers_stay_words(text):
    content = gathered([item(1, quote=text), item(2)])
    assert content.html.count("<li") == 2
    assert content.html.count("<a ") == 3
    assert "<script" not in gathered([item(1, quote=f"<script>{text}"), item(2)]).html
