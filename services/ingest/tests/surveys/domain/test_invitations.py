"""Who gets a link, and what it leads to."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from plaudit.ingest.surveys.domain.invitations import (
    OPTED_OUT,
    REPEATED,
    RESPONDED,
    Invitation,
    LeftOut,
    Reason,
    Standing,
    Wanted,
    expiry,
    judge,
    standing,
)

NOW = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
ADA, BOB = Wanted("native:ada", "acme", "order 1"), Wanted("native:bob", "acme")


def invitation(wanted: Wanted = ADA, **more: Any) -> Invitation:
    made = {
        "tenant_id": "default",
        "id": UUID(int=1),
        "survey_id": UUID(int=2),
        "person": wanted.person,
        "subject": wanted.subject,
        "reference": wanted.reference,
        "token_hash": b"",
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=30),
    }
    return Invitation(**{**made, **more})


def test_each_is_judged_alone_and_in_order():
    wrong = LeftOut(Reason.INVALID, "email: is missing")
    assert judge([BOB, wrong, ADA], {BOB.person}, []) == [OPTED_OUT, wrong, ADA]


def test_the_same_person_and_event_twice_in_a_call_is_one_invitation():
    other = Wanted(ADA.person, ADA.subject, "order 2")
    assert judge([ADA, ADA, other], (), []) == [ADA, REPEATED, other]


def test_an_open_invitation_is_given_again_and_one_with_a_response_is_not():
    before = invitation()
    assert judge([ADA], (), [before]) == [before]
    assert judge([ADA], (), [invitation(responded_at=NOW)]) == [RESPONDED]
    assert judge([ADA], {ADA.person}, [before]) == [OPTED_OUT]
    assert judge([Wanted(ADA.person, "acme/berlin", ADA.reference)], (), [before]) != [before]


def test_a_link_leads_to_the_response_before_all_else():
    end = invitation().expires_at
    assert standing(invitation(), None, end - timedelta(microseconds=1)) is Standing.OPEN
    assert standing(invitation(), None, end) is Standing.EXPIRED
    assert standing(invitation(), NOW, NOW) is Standing.CLOSED
    assert standing(invitation(responded_at=NOW), NOW, end) is Standing.RESPONDED


def test_links_expire_at_whole_seconds():
    assert expiry(NOW, 90) == datetime(2026, 5, 30, 9, 0, tzinfo=UTC)
