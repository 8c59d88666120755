"""What an erasure does to each store of scoring."""

from collections.abc import Mapping
from typing import Final

STORES: Final[Mapping[str, str]] = {
    "sums": "the review's figures subtracted by its last event",
    "tenant_sums": "as sums",
    "half_lives": "holds how far the sums of a half-life are; nothing of a review but its id",
    "half_life_partitions": "holds positions",
    "profile_revisions": "holds parameters of figures, and the id of the key or the account that set them",
    "ledger": "holds figures by our own id of the review; its last entry takes them away",
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""
