"""What an erasure does to each store of scoring."""

from collections.abc import Mapping
from typing import Final

STORES: Final[Mapping[str, str]] = {
    "sums": "the review's figures subtracted by its last event",
    "tenant_sums": "as sums",
    "half_lives": "holds how far the sums of a half-life are; nothing of a review but its id",
    "half_life_partitions": "holds positions",
    "profile_revisions": "holds parameters of figures, and the id of the key or the account that set them",
    "markers": "holds what staff noted of the company's own deeds, and no word of a customer",
    "ledger": "holds figures by our own id of the review; its last entry takes them away, and the job its topics",
    "moves": "hold sums of the ledger's entries, made anew without the review's topics",
    "summed_prefixes": "hold no more than the names of subjects",
    "changed_days": "hold numbers of days alone",
    "sources": "holds what a tenant calls its own accounts; nothing of a customer",
    "insight_reviews": "emptied by the review's last event, or by the job; its id and revision stay, so that no older "
    "event fills it again",
    "insight_places": "where the review was found is deleted with its words",
    "insight_days": "holds counts; those of the review are taken away with its words",
    "answer_reviews": "hold figures and times by our own id of the review; its last event takes it out of all counts "
    "from then on, as in the ledger",
    "answer_places": "as answer_reviews",
    "answer_sources": "hold times of sources alone",
    "answer_starts": "hold numbers of records alone",
    "badges": "holds what a tenant calls its own subjects; nothing of a customer",
    "badge_profiles": "holds the name of a profile, and the id of the key or the account that chose it",
    "marks": "holds ids of rows of sums",
    "published_scores": "the last event of each subject: figures, told anew when a review goes",
    "tail": "holds numbers of records alone",
    "cells": "hold sums of the ledger's entries, the last one of the review among them",
    "sums_anew": "is made of the ledger's entries, the last one of the review among them",
    "tenant_sums_anew": "as sums_anew",
    "rebuild_places": "hold numbers of records alone",
    "rebuild_half_lives": "hold parameters of figures alone",
    "rebuild_rounded": "holds names of subjects alone",
    "refills": "holds how far the ledger is made anew; nothing of a review",
    "refill_tenants": "holds places in the feed",
    "refill_places": "hold numbers of records alone",
    "refill_partitions": "hold numbers of records alone",
    "refill_erased": "holds the id of an erased review while the ledger is made anew, so that nothing of it comes back",
    "repairs": "holds which process works on it; nothing of a review",
    "repair_tenants": "holds places in the feed, and our own id of the last review that was noted",
    "repair_reviews": "holds ids of reviews alone, until the feed has told of them",
    "rounded_sums": "holds numbers of rows alone",
    "rounded_tenant_sums": "holds names of subjects alone",
    "reconciliations": "hold counts of rows, and the name of a subject",
    "rated_cells": "hold sums of the ledger's entries, the last one of the review among them",
    "late_cells": "as rated_cells",
    "celled_prefixes": "hold no more than the names of subjects",
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""
