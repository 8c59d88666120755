"""What each problem of ingest means, beyond what all services share."""

from typing import Final

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
    "invalid-subject": "A subject is a path such as `acme/berlin`: 1 to 6 segments of a-z, 0-9, `.`, `_`, `-`.",
    "unknown-platform": "There is no adapter for this platform. Use one that the detail names; `native` is our own.",
}
"""Slug → meaning and what to do."""
