"""A message, its ids and its limits."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.delivery.domain.message import (
    MAX_TEXT_CHARS,
    Content,
    Message,
    MessageError,
    Route,
    check,
    deliveries_of,
    delivery_id,
    endpoint,
    mail_to,
    message_id,
    subscribers,
    takes_topic,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENDPOINT = UUID("01900000-0000-7000-8000-000000000001")


def message(**changes):
    made = Message("default", "clock-1:breach", "clock.breached", mail_to("a@b.example"), Content("S", "T"))
    return msgspec.structs.replace(made, **changes)


def test_the_same_change_recipient_and_channel_are_one_delivery():
    route = Route("email", "a@b.example")
    ids = {delivery_id("default", "k", each) for each in (route, Route("email", "a@b.example"))}
    assert len(ids) == 1
    others = {
        delivery_id("other", "k", route),
        delivery_id("default", "l", route),
        delivery_id("default", "k", Route("slack", "a@b.example")),
        delivery_id("default", "k", Route("email", "c@b.example")),
    }
    assert len(others | ids) == 5


def test_messages_of_one_key_to_different_recipients_are_different():
    recipients = (mail_to("a@b.example"), mail_to("c@b.example"), endpoint(ENDPOINT), subscribers())
    assert len({message_id(message(to=each)) for each in recipients}) == 4


def test_deliveries_have_one_outlet_for_each_server():
    routes = [Route("email", "a@b.example"), Route("slack", str(ENDPOINT)), Route("console", "console")]
    mail, slack, console = deliveries_of(message(), routes, NOW)
    assert (mail.outlet, slack.outlet, console.outlet) == ("email", str(ENDPOINT), "console")
    assert (mail.endpoint_id, slack.endpoint_id, console.endpoint_id) == (None, ENDPOINT, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": ""}, "key"),
        ({"topic": ""}, "topic"),
        ({"key": "k" * 401}, "at most 400"),
        ({"thread": "k" * 201}, "at most 200"),
        ({"content": Content("S", "x" * (MAX_TEXT_CHARS + 1))}, "text"),
        ({"content": Content("S", "T", data={"x": "y" * 100_001})}, "bytes"),
        ({"needs_consent": True}, "names the person"),
    ],
)
def test_a_message_beyond_a_limit_is_refused_with_it(changes, words):
    with pytest.raises(MessageError, match=words):
        check(message(**changes))


def test_a_message_that_needs_consent_names_its_person():
    check(message(needs_consent=True, to=mail_to("a@b.example", person_key="p")))


def test_a_mail_needs_an_address():
    with pytest.raises(MessageError):
        mail_to("")


@pytest.mark.parametrize(
    ("chosen", "topic", "taken"),
    [
        (["*"], "clock.breached", True),
        (["clock"], "clock.breached", True),
        (["clock.breached"], "clock.breached", True),
        (["clock.warned", "alert"], "clock.breached", False),
        (["clock.breached"], "clock", False),
        (["clo"], "clock.breached", False),
        ([], "clock", False),
    ],
)
def test_a_topic_is_taken_by_itself_what_is_above_it_or_all(chosen, topic, taken):
    assert takes_topic(chosen, topic) is taken


@given(st.text(), st.text(), st.text(), st.text())
def test_line_feeds_in_a_key_mix_up_no_two_recipients(key, recipient, other, more):
    if recipient != other:
        assert delivery_id("default", key, Route("email", recipient)) != delivery_id(
            "default", key, Route("email", other)
        )
