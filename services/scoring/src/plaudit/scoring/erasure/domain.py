"""What an erasure does to each store of scoring."""

from collections.abc import Mapping
from typing import Final

STORES: Final[Mapping[str, str]] = {
    "sums": "the review's figures subtracted by its last event",
    "markers": "holds what staff noted of the company's own deeds, and no word of a customer",
    "ledger": "holds figures by our own id of the review; its last entry takes them away",
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""
