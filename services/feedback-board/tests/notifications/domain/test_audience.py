"""Who is told, and the first reason why somebody is not."""

from typing import Any

import pytest

from plaudit.feedback_board.notifications.domain.audience import Audience, Involved, Told, is_told


def involved(**fields: Any) -> Involved:
    told = {"person_key": "native:anna", "why": ("voted",), "has_stopped": False, "language": "en", "is_refused": False}
    return Involved(**{**told, **fields})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, Told.BY_MAIL),
        ({"language": None}, Told.IF_CONSENTED),
        ({"has_stopped": True}, Told.STOPPED),
        ({"has_opted_out": True}, Told.OPTED_OUT),
        ({"is_refused": True}, Told.NO_MAILBOX),
        ({"person_key": "visitor:0"}, Told.ANONYMOUS),
        ({"person_key": "native:staff"}, Told.ACTOR),
    ],
)
def test_each_reason_is_one_of_its_own(fields, told) -> None:
    assert is_told(involved(**fields), "native:staff", can_ask=True) is told


def test_without_anybody_to_ask_an_unknown_address_is_none() -> None:
    assert is_told(involved(language=None), "", can_ask=False) is Told.NO_ADDRESS


def test_a_mail_is_queued_for_known_addresses_and_for_those_that_are_asked_for() -> None:
    counts = {Told.BY_MAIL: 2, Told.IF_CONSENTED: 3, Told.STOPPED: 5}
    assert Audience(counts, is_complete=True).told == 5
