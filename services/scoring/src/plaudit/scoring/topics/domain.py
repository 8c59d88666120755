"""The topics of a review in one number, as the ledger keeps them."""

from functools import lru_cache
from typing import Final

TOPICS: Final = (
    "price_fees",
    "billing_refund",
    "cancel_contract",
    "support_contact",
    "staff_attitude",
    "speed_waiting",
    "delivery",
    "quality_defect",
    "app_website",
    "account_identity",
    "choice_availability",
    "clean_safe",
    "honesty_terms",
    "decision_denied",
    "ads_privacy",
)
"""A topic's place is its bit. It is stored: topics may be added at the end only. A test compares them with those
on the bus."""
OTHER: Final = "other"
OTHER_TOPIC: Final = 29
"""The bit of topics that are not in the list."""
NO_TOPIC: Final = 30
"""In place of a bit: a review that mentions none."""
NOT_SORTED: Final = 31
"""In place of a bit: nobody knows, since the entry is older than topics in the ledger, or the review was erased."""
ERASED: Final = -1
"""In place of the topics of a review that was erased: they were told by what the person wrote."""
_BITS: Final = {topic: 1 << number for number, topic in enumerate(TOPICS)}
_OTHER: Final = 1 << OTHER_TOPIC


@lru_cache(maxsize=4096)
def topics_in_one(topics: tuple[str, ...]) -> int:
    """Return a number with a bit for each topic; 0 without any."""
    found = 0
    for topic in topics:
        found |= _BITS.get(topic, _OTHER)
    return found


def topic_of(number: int) -> str:
    """Return a topic by its bit, or `other`, `none` or `not_sorted`."""
    return _NAMES.get(number, OTHER)


_NAMES: Final = {**dict(enumerate(TOPICS)), OTHER_TOPIC: OTHER, NO_TOPIC: "none", NOT_SORTED: "not_sorted"}
