"""What a sender is answered, and what each problem of the hooks means."""

from typing import Any, Final

from starlette.responses import Response

from plaudit.common.http import Problem, json_response, unprocessable
from plaudit.common.http.problems import bad_request
from plaudit.ingest.hooks.domain import ACCEPTED, BAD_REQUEST, NOT_STORED, NOTHING_VALID, Outcome, Receipt

PROBLEMS: Final = {
    "invalid-json": (
        "The body is not JSON as it is taken: UTF-8, no duplicate keys, no NaN, no NUL, within the limits of depth, "
        "values and lengths. The delivery is kept; mend it and send it under a new id."
    ),
    "invalid-signature": (
        "The delivery is not proven: a header is missing, the signature does not match, the timestamp is more than "
        "five minutes away, or there is no such source. Nothing is kept. Check secret, clock and address."
    ),
    "nothing-taken": (
        "No event of the delivery could be taken; `errors` says why for each. The delivery is kept; mend it and send "
        "it under a new id."
    ),
}
"""Slug → what it means and what to do."""

_REASONS: Final = {
    NOTHING_VALID: "None of its events could be taken; `errors` says why",
    NOT_STORED: "It could not be written; the operators have been told",
}


def answer(receipt: Receipt) -> Response:
    """Return the answer to a delivery that is stored.

    Raises:
        Problem: nothing of it could be taken.
    """
    outcome = receipt.outcome
    if outcome.status != ACCEPTED:
        raise _refused(outcome)
    members: dict[str, Any] = {
        "delivery_id": outcome.id,
        "accepted": outcome.accepted,
        "unchanged": outcome.unchanged,
        "quarantined": [{"index": index, "reason": reason} for index, reason in outcome.quarantined],
    }
    if receipt.duplicate:
        members["duplicate"] = True
    if outcome.quarantine_reason is not None:
        members["quarantine_reason"] = outcome.quarantine_reason
    return json_response(members, ACCEPTED)


def _refused(outcome: Outcome) -> Problem:
    stored_as = f"It is kept as delivery {outcome.id}."
    if outcome.status == BAD_REQUEST:
        return bad_request("invalid-json", f"{outcome.quarantine_reason}. {stored_as}")
    errors = [
        {"in": "body", "pointer": f"/{index}", "code": "quarantined", "detail": reason}
        for index, reason in outcome.quarantined
    ]
    reason = _REASONS.get(outcome.quarantine_reason or "", outcome.quarantine_reason)
    return unprocessable("nothing-taken", f"{reason}. {stored_as}", errors)
