"""What is told when something comes due: to the owner of a task or a digest, and of an invitation to programs.

Programs of the tenant get an invitation by its endpoints, and an application asks for it. The mail to the customer is
in `invitations.py`.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid5

import msgspec

from plaudit.alerting.cadences.domain.digest import Digest, in_words, subject_line
from plaudit.alerting.cadences.domain.plan import Step
from plaudit.alerting.cadences.domain.touchpoint import Touchpoint

CADENCES: Final = "/console/cadences"
TOUCHPOINT_TOPIC: Final = "touchpoint.due"
INVITATION_TOPIC: Final = "invitation.given"
DIGEST_TOPIC: Final = "digest.weekly"
_NAMESPACE: Final = UUID("0b8d4c52-9a3e-5d0c-8a77-6f2f7c1f9d10")


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What is told, before it is a message."""

    key: str
    topic: str
    owner: str
    """The address of whoever is told; empty for the endpoints that take the topic."""
    subject: str
    text: str
    data: Mapping[str, object]
    path: str
    """Of the page that it leads to."""
    thread: str


def thread_of(tenant_id: str, person: str) -> str:
    """Return the thread of all that is told about a person, by which an erasure finds it; it does not hold the key."""
    return f"person {uuid5(_NAMESPACE, f'{tenant_id} {person}')}"


def touchpoint_notice(touchpoint: Touchpoint) -> Notice:
    """Return what the owner is told when a contact is to be made."""
    return Notice(
        key=f"touchpoint {touchpoint.id}",
        topic=TOUCHPOINT_TOPIC,
        owner=touchpoint.owner,
        subject=f"Contact a customer of {touchpoint.subject}: {touchpoint.title}",
        text=(
            f"{touchpoint.title}\n\nCustomer: {touchpoint.person}\nSubject: {touchpoint.subject}\n"
            f"For: {touchpoint.local_date:%-d %B %Y}\n\nNote on its page that it is done, or why not this time."
        ),
        data=_data(touchpoint),
        path=f"{CADENCES}/tasks/{touchpoint.id}",
        thread=thread_of(touchpoint.tenant_id, touchpoint.person),
    )


def invitation_notice(touchpoint: Touchpoint) -> Notice:
    """Return what programs are told when a customer is to be asked for a review."""
    is_reminder = touchpoint.step is Step.REMINDER
    return Notice(
        key=f"touchpoint {touchpoint.id}",
        topic=INVITATION_TOPIC,
        owner="",
        subject=f"{'Remind' if is_reminder else 'Invite'} a customer of {touchpoint.subject} to write a review",
        text=f"Rule: {touchpoint.title}\nSubject: {touchpoint.subject}",
        data={**_data(touchpoint), "is_reminder": is_reminder},
        path=CADENCES,
        thread=thread_of(touchpoint.tenant_id, touchpoint.person),
    )


def digest_notice(digest: Digest, owner: str) -> Notice:
    """Return what the owner is told of a week."""
    day = digest.local_date.isoformat()
    return Notice(
        key=f"digest {day}",
        topic=DIGEST_TOPIC,
        owner=owner,
        subject=subject_line(digest),
        text=in_words(digest),
        data={"local_date": day, "late": digest.clocks.late, "reviews": digest.reviews},
        path=f"{CADENCES}/digests/{day}",
        thread="digests",
    )


def _data(touchpoint: Touchpoint) -> dict[str, object]:
    return {
        "id": str(touchpoint.id),
        "person": touchpoint.person,
        "subject": touchpoint.subject,
        "rule": touchpoint.rule,
        "local_date": touchpoint.local_date.isoformat(),
    }
