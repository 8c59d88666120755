"""What a sender is answered, and what each problem of the hooks means."""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from plaudit.common.http import Problem, unprocessable
from plaudit.common.http.problems import ProblemError, bad_request
from plaudit.common.strict_json import LIMITS
from plaudit.ingest.hooks.domain import ACCEPTED, BAD_REQUEST, NOT_STORED, NOTHING_VALID, Outcome, Receipt

PROBLEMS: Final = {
    "invalid-json": (
        f"The body is not JSON in UTF-8, or holds more than {LIMITS.split(', and')[0].removeprefix('at most ')}. "
        "The delivery is kept; mend it and send it under a new id."
    ),
    "invalid-signature": (
        "The delivery is not proven. The detail says why: a header is missing, no signature matches, the timestamp is "
        "more than five minutes off or in milliseconds, or the address it came from is not allowed. A source that does "
        "not exist answers as a wrong signature does. Nothing is kept; the attempt is counted in the source's list of "
        "failed attempts."
    ),
    "nothing-taken": (
        "No event of the delivery could be taken; `errors` says why for each. The delivery is kept; mend it and send "
        "it under a new id."
    ),
}
"""Slug → what it means and what to do."""

GREETING: Final = "This is the address of a source of reviews: post deliveries here.\n"
"""For platforms and people that look before they post."""

_REASONS: Final = {
    NOTHING_VALID: "None of its events could be taken; `errors` says why",
    NOT_STORED: "It could not be written; the operators have been told",
}


class EventOut(msgspec.Struct, frozen=True):
    """An event that was not applied."""

    index: Annotated[int, Meta(description="Its place in the delivery, from 0.", examples=[1])]
    reason: Annotated[str, Meta(description="Why.", examples=["data.rating: Expected float"])]


class HookOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a delivery."""

    delivery_id: Annotated[
        str, Meta(description="Its id, for `GET /v1/deliveries`.", extra_json_schema={"format": "uuid"})
    ]
    accepted: Annotated[int, Meta(description="How many of its events were taken.", examples=[1])]
    unchanged: Annotated[
        int, Meta(description="Of the accepted: stale or repeated, so that nothing changed.", examples=[0])
    ]
    quarantined: Annotated[list[EventOut], Meta(description="The events that could not be taken.", examples=[[]])]
    held: Annotated[
        list[EventOut],
        Meta(description="The events about reviews that are not known yet: each is applied when its review comes."),
    ] = []
    ignored: Annotated[list[EventOut], Meta(description="The events that are not for us, such as test pings.")] = []
    duplicate: Annotated[bool, Meta(description="The stored answer of the first time.")] = False
    quarantine_reason: Annotated[
        str | None,
        Meta(
            description=(
                "`id_reused`: the id came before with another body; this one is kept apart. `source_paused`: the "
                "source is paused; this one is kept, and applied when it is replayed."
            )
        ),
    ] = None


_encode = msgspec.json.Encoder().encode


def answer(receipt: Receipt) -> bytes:
    """Return the body of the answer to a delivery that is stored.

    Raises:
        Problem: nothing of it could be taken.
    """
    outcome = receipt.outcome
    if outcome.status != ACCEPTED:
        raise _refused(outcome)
    return _encode(
        HookOut(
            outcome.id,
            outcome.accepted,
            outcome.unchanged,
            _events(outcome.quarantined),
            _events(outcome.held),
            _events(outcome.ignored),
            receipt.duplicate,
            outcome.quarantine_reason,
        )
    )


def _events(reasons: Iterable[tuple[int, str]]) -> list[EventOut]:
    return [EventOut(index, reason) for index, reason in reasons]


def _refused(outcome: Outcome) -> Problem:
    stored_as = f"It is kept as delivery {outcome.id}."
    if outcome.status == BAD_REQUEST:
        return bad_request("invalid-json", f"{outcome.quarantine_reason}. {stored_as}")
    errors = [ProblemError("body", f"/{index}", "quarantined", reason) for index, reason in outcome.quarantined]
    reason = _REASONS.get(outcome.quarantine_reason or "", outcome.quarantine_reason)
    return unprocessable("nothing-taken", f"{reason}. {stored_as}", errors)
