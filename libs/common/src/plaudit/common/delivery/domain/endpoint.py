"""An endpoint: an address of the tenant's that messages go to, with its secrets, and the topics that it takes."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.delivery.domain.addresses import InvalidUrlError, target_of
from plaudit.common.delivery.domain.message import MAX_TOPIC_CHARS, Channel
from plaudit.common.delivery.domain.shapes.pagerduty import ENQUEUE, ROUTING_KEY_CHARS
from plaudit.common.names import checked_name
from plaudit.common.refusals import RefusedError, WrongInputError
from plaudit.common.standard_webhooks import InvalidSecretError, decode_secret

MAX_ENDPOINTS: Final = 100
"""Of a tenant."""
MAX_TOPICS: Final = 50
MAX_NAME_CHARS: Final = 80
OVERLAP: Final = timedelta(hours=24)
"""How long a secret signs on after it was replaced."""
MAX_SIGNING: Final = 5
"""Secrets of one webhook that sign at a time."""
TOPIC: Final = re.compile(r"\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
TOPIC_PATTERN: Final = r"^(\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*)$"
CHANNELS: Final = (Channel.SLACK, Channel.TEAMS, Channel.WEBHOOK, Channel.PAGERDUTY, Channel.ALERTMANAGER)
"""Those that an endpoint may be of."""
_ROUTING_KEY: Final = re.compile(rf"[A-Za-z0-9]{{{ROUTING_KEY_CHARS}}}")


class EndpointState(StrEnum):
    """Whether messages go there."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class UnknownEndpointError(LookupError):
    """There is no such endpoint."""


class TooManyEndpointsError(RefusedError):
    """The tenant has as many endpoints as it may."""

    def __init__(self) -> None:
        """Say the limit."""
        super().__init__(f"a tenant has at most {MAX_ENDPOINTS} endpoints; delete one that nobody needs")


class WrongEndpointError(WrongInputError):
    """Something of an endpoint cannot be right; `errors` says all of it: field → words."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        """Name the fields."""
        super().__init__("; ".join(errors.values()))
        self.errors = errors


class Draft(msgspec.Struct, frozen=True):
    """What an endpoint is made of."""

    name: str
    channel: str
    url: str
    topics: tuple[str, ...]
    secret: str = ""
    """A webhook's, made where it is empty; the routing key of PagerDuty."""


class Replaced(msgspec.Struct, frozen=True):
    """A secret that was replaced, and signs on for a while."""

    secret: str
    until: datetime


class Secrets(msgspec.Struct, frozen=True):
    """What of an endpoint is encrypted: an incoming webhook's address is a secret itself."""

    url: str
    current: str = ""
    previous: str = ""
    previous_until: datetime | None = None
    older: tuple[Replaced, ...] = ()
    """Those before the previous one, the newest first: a receiver may still have any of them."""

    def signing(self, now: datetime) -> list[str]:
        """Return the secrets that sign now, the newest first: more than one while one is replaced."""
        return [self.current, *(each.secret for each in self._replaced(now))]

    def rotated(self, secret: str, now: datetime) -> "Secrets":
        """Return the secrets with a new one in front; each one before signs on until its time is over.

        Raises:
            WrongEndpointError: as many sign already as may.
        """
        older = self._replaced(now)
        if len(older) + 2 > MAX_SIGNING:
            again = min(each.until for each in older)
            raise WrongEndpointError(
                {
                    "secret": f"{MAX_SIGNING} secrets sign at a time, at most: "
                    f"replace it again after {again:%Y-%m-%d %H:%M} UTC"
                }
            )
        return Secrets(self.url, secret, self.current, now + OVERLAP, older)

    def _replaced(self, now: datetime) -> tuple[Replaced, ...]:
        previous = () if self.previous_until is None else (Replaced(self.previous, self.previous_until),)
        return tuple(each for each in (*previous, *self.older) if each.secret and now < each.until)


class Endpoint(msgspec.Struct, frozen=True):
    """An endpoint, without its secrets."""

    tenant_id: str
    id: UUID
    name: str
    channel: str
    origin: str
    """Scheme, host and port of its address."""
    topics: tuple[str, ...]
    state: str
    reason: str
    """Why it is disabled; empty while it is not."""
    created_at: datetime
    created_by: str


def checked(draft: Draft, ports: Sequence[int], *, plain_http: bool = True) -> Draft:
    """Return a draft that can be stored.

    Args:
        draft: it, as a person gives it.
        ports: those that may be connected to.
        plain_http: whether its address may begin with http://.

    Raises:
        WrongEndpointError: fields cannot be right; it names each of them.
    """
    url = draft.url.strip() or (ENQUEUE if draft.channel == Channel.PAGERDUTY else "")
    topics = tuple(sorted(set(draft.topics)))
    told = {
        "name": _refusal(lambda: checked_name(draft.name, max_chars=MAX_NAME_CHARS)),
        "channel": _wrong_channel(draft.channel),
        "url": _refusal(lambda: target_of(url, ports, plain_http=plain_http)),
        "topics": _wrong_topics(topics),
        "secret": _wrong_secret(draft),
    }
    if errors := {field: words for field, words in told.items() if words}:
        raise WrongEndpointError(errors)
    name = checked_name(draft.name, max_chars=MAX_NAME_CHARS)
    return msgspec.structs.replace(draft, name=name, url=url, topics=topics)


def _refusal(check: Callable[[], object]) -> str:
    """Return why a check refuses a value; empty where it does not."""
    try:
        check()
    except (WrongInputError, InvalidUrlError, InvalidSecretError) as error:
        return str(error)
    return ""


def _wrong_channel(channel: str) -> str:
    return "" if channel in CHANNELS else f"a channel is one of {', '.join(CHANNELS)}"


def _wrong_topics(topics: Sequence[str]) -> str:
    if not topics:
        return "an endpoint takes at least one topic; * is all"
    if len(topics) > MAX_TOPICS:
        return f"an endpoint takes at most {MAX_TOPICS} topics; * is all"
    if any(len(each) > MAX_TOPIC_CHARS or TOPIC.fullmatch(each) is None for each in topics):
        return "a topic is * or words with dots between, such as clock.breached"
    return ""


def _wrong_secret(draft: Draft) -> str:
    if draft.channel == Channel.PAGERDUTY and _ROUTING_KEY.fullmatch(draft.secret) is None:
        return f"a routing key of PagerDuty has {ROUTING_KEY_CHARS} letters and digits"
    if draft.channel == Channel.WEBHOOK and draft.secret:
        return _refusal(lambda: decode_secret(draft.secret))
    return ""
