"""What an erasure does to each store of alerting."""

from collections.abc import Mapping
from typing import Final

STORES: Final[Mapping[str, str]] = {
    "policies": "holds nothing about customers",
    "clocks": "title, excerpt, address and id on the platform emptied; one that runs ends as cancelled",
    "clock_events": "holds times and reasons, and no word of a review",
    "timers": "deleted with the end of the run",
    "alerts": "holds stars and subject, and no word of a review; resolved with the end of the run",
    "guidelines": "holds nothing about customers",
    "published_answers": "deleted with the review: what is kept of an answer may name whom it answers",
    "mails": "holds no text: a mail is composed when it is sent, and not sent once its run has ended; errors deleted",
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""
