"""What an update says over each channel. It is written once: each channel has the same words in its own shape."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.alerting.incidents.domain.incident import Audience, Incident, Severity, State
from plaudit.alerting.incidents.domain.sign_up_words import SIGN_UP_WORDS
from plaudit.alerting.incidents.domain.update import Update, Words
from plaudit.alerting.incidents.domain.wording import WORDINGS
from plaudit.common.delivery.domain.message import Content, Message, Recipient, endpoint, person
from plaudit.common.delivery.domain.shapes import mail
from plaudit.common.mail import look

TOPIC: Final = "incident"
"""What is above the topics of all messages about incidents; people choose by it."""
UPDATED: Final = "incident.updated"
SIGN_UP: Final = "incident_sign_up"
"""Of the mail that asks whether somebody wants to be told. It is no mail about an incident: who has stopped those can
ask for them again."""
RESOLVED: Final = "incident.resolved"
PUBLIC: Final = "/incidents"
"""The public pages; below it, each tenant, and below that each incident by its slug."""


class Carried(msgspec.Struct, frozen=True):
    """What a message carries while it waits; what it says is composed when it leaves."""

    incident_id: UUID
    number: int
    """Of the update."""
    language: str
    revision: int = 1
    """Of the update."""
    ends_alarm: bool = False
    """Whether it ends the alarm of the incident, and tells nothing else."""


def thread_of(incident_id: UUID) -> str:
    """Return the thread of all messages about an incident."""
    return f"incident:{incident_id}"


def incident_of(thread: str) -> UUID:
    """Return the incident of a thread."""
    return UUID(thread.rpartition(":")[2])


def key_of(incident_id: UUID, number: int, revision: int = 1) -> str:
    """Return what names the telling of one revision of an update; below it, that to each person."""
    first = f"incident:{incident_id}:{number}"
    return first if revision == 1 else f"{first}/{revision}"


def told_by(key: str) -> tuple[int, int]:
    """Return the number and the revision of the update that a key names."""
    number, _, revision = key.rpartition(":")[2].partition("/")
    return int(number), int(revision or 1)


def message_of(update: Update, to: Recipient, language: str, *, title: str) -> Message:
    """Return what is queued of an update for one recipient, or for all endpoints that take its topic.

    Args:
        update: it.
        to: whom.
        language: which text is theirs, where there is one in it.
        title: of the incident, for the log of messages.
    """
    told = key_of(update.incident_id, update.number, update.revision)
    return Message(
        tenant=update.tenant_id,
        key=f"{told}:{to.person_key}" if to.person_key else told,
        # Persons stop all of it where they stop one: for them there is one topic.
        topic=RESOLVED if update.state is State.RESOLVED and not to.person_key else UPDATED,
        to=to,
        content=Content(
            title,
            "",
            data=msgspec.to_builtins(Carried(update.incident_id, update.number, language, update.revision)),
            language=language,
        ),
        thread=thread_of(update.incident_id),
        needs_consent=bool(to.person_key),
    )


def end_of_alarm(incident: Incident, endpoint_id: UUID, not_before: datetime | None) -> Message:
    """Return what ends the alarm of an incident that is over at an endpoint that holds alarms.

    Args:
        incident: as it is from now on.
        endpoint_id: where the alarm was begun.
        not_before: when it may leave; None: at once.
    """
    return Message(
        tenant=incident.tenant_id,
        key=f"incident-over:{incident.id}:{incident.revision}",
        topic=RESOLVED,
        to=endpoint(endpoint_id),
        content=Content(
            incident.title, "", data=msgspec.to_builtins(Carried(incident.id, incident.updates, "", ends_alarm=True))
        ),
        thread=thread_of(incident.id),
        not_before=not_before,
    )


def sign_up_message(incident: Incident, person_key: str, language: str, now: datetime) -> Message:
    """Return the mail that asks somebody whether they want to be told. Its words are composed when it leaves.

    Args:
        incident: of which they asked to be told.
        person_key: whom; the address is asked for when it leaves.
        language: in which they read.
        now: names this mail: each time that somebody asks, one leaves.
    """
    return Message(
        tenant=incident.tenant_id,
        key=f"incident-sign-up:{incident.id}:{now.isoformat()}:{person_key}",
        topic=SIGN_UP,
        to=person(person_key, is_known_here=True),
        content=Content(
            incident.title, "", data=msgspec.to_builtins(Carried(incident.id, 0, language)), language=language
        ),
        thread=thread_of(incident.id),
    )


def sign_up_content(title: str, language: str, link: str, company: str) -> Content:
    """Return what the mail says that asks somebody whether they want to be told.

    Args:
        title: what the public reads of the incident.
        language: the reader's.
        link: to their subscription.
        company: in whose name it is sent.
    """
    words = SIGN_UP_WORDS[language]
    return Content(
        subject=f"{words.confirm_subject}: {title}",
        text=f"{title}\n\n{words.confirm_text}",
        link=link,
        link_label=words.confirm_link,
        language=language,
        sender_name=company,
    )


def content_for_person(content: Content, stop_url: str, company: str) -> Content:
    """Return what an update says to a person by mail: in whose name, why they get it, and where they stop it.

    Programs that read mails often do not show the header by which they could stop it. The page that it leads to is in
    the language of the mail.

    Args:
        content: what the update says in the language of the mail.
        stop_url: where the person stops such mails.
        company: in whose name it is sent.
    """
    words = SIGN_UP_WORDS[content.language]
    told = replace(content, link=f"{content.link}?language={content.language}" if content.link else "")
    return replace(
        told,
        text=f"{mail.text_of(told)}\n{words.is_told}\n\n{words.stop}: {stop_url}",
        html=mail.html_of(told, look.why(words.is_told, stop_url, words.stop)),
        link="",
        sender_name=company,
    )


def carried_by(content: Content) -> Carried:
    """Return what a message carries."""
    return msgspec.convert(dict(content.data), Carried)


def content_of(incident: Incident, update: Update, language: str, public_url: str) -> Content:
    """Return what an update says to one reader.

    Args:
        incident: that it is about.
        update: it.
        language: the reader's; the update's first where there is no text in it.
        public_url: the address of Plaudit from outside; empty where it is not known.
    """
    words = update.in_language(language)
    ours = WORDINGS[words.language]
    title = title_of(incident, words)
    state = ours.states[update.state]
    link = page_url(incident, public_url)
    return Content(
        subject=f"{title} – {state}" if update.revision == 1 else f"{ours.corrected}: {title} – {state}",
        text="\n\n".join(
            (
                words.apology,
                f"{ours.cause}: {words.cause_in_words}",
                f"{ours.fix}: {words.fix}",
                f"{ours.prevention}: {words.prevention}",
            )
        ),
        data=data_of(incident, update),
        link=link,
        link_label=ours.more,
        language=words.language,
    )


LEVELS: Final = {Severity.URGENT: "critical", Severity.IMPORTANT: "error", Severity.ROUTINE: "warning"}
"""Severity → how programs that wake people call it."""


def data_of(incident: Incident, update: Update) -> dict[str, Any]:
    """Return what an update says, for machines: every language of it."""
    return {
        "event_action": "resolve" if update.state is State.RESOLVED or incident.is_over else "trigger",
        "event_severity": LEVELS[update.severity],
        "incident_id": str(incident.id),
        "slug": incident.slug,
        "severity": update.severity,
        "state": update.state,
        "subjects": list(incident.subjects),
        "number": update.number,
        "revision": update.revision,
        "published_at": update.made_at.isoformat(),
        "corrected_at": None if update.corrected_at is None else update.corrected_at.isoformat(),
        "texts": [text_of(incident, each) for each in update.texts],
    }


def text_of(incident: Incident, words: Words) -> dict[str, Any]:
    """Return what an update says in one language, for machines."""
    return {
        "language": words.language,
        "direction": words.direction,
        "title": title_of(incident, words),
        "apology": words.apology,
        "cause": words.cause_in_words,
        "is_cause_known": words.cause is not None,
        "fix": words.fix,
        "prevention": words.prevention,
    }


def title_of(incident: Incident, words: Words) -> str:
    """Return what the public reads as the title."""
    return words.title or incident.title


def page_path(tenant_id: str, slug: str = "") -> str:
    """Return the address of an incident's public page on this installation, or that of all of a tenant's."""
    return f"{PUBLIC}/{tenant_id}/{slug}" if slug else f"{PUBLIC}/{tenant_id}"


def subscription_path(tenant_id: str, slug: str, token: str, language: str) -> str:
    """Return the address of a person's subscription to an incident on this installation."""
    return f"{page_path(tenant_id, slug)}/subscription/{token}?language={language}"


def page_url(incident: Incident, public_url: str) -> str:
    """Return the address of an incident's public page; empty where it has none, or ours is not known."""
    if incident.audience is not Audience.PUBLIC or not public_url:
        return ""
    return public_url.rstrip("/") + page_path(incident.tenant_id, incident.slug)
