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
    "ledger": "holds figures by our own id of the review; its last entry takes them away",
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
    "marks": "holds ids of rows of sums",
    "published_scores": "the last event of each subject: figures, told anew when a review goes",
    "tail": "holds numbers of records alone",
    "cells": "hold sums of the ledger's entries, the last one of the review among them",
    "sums_anew": "is made of the ledger's entries, the last one of the review among them",
    "rebuild_places": "hold numbers of records alone",
    "rounded_sums": "holds numbers of rows alone",
    "reconciliations": "hold counts of rows, and the name of a subject",
    "celled_prefixes": "hold no more than the names of subjects",
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""
