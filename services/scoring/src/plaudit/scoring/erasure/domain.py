"""What an erasure does to each store of scoring."""

from collections.abc import Mapping
from typing import Final

STORES: Final[Mapping[str, str]] = {
    "sums": "the review's figures subtracted by its last event",
    "ledger": "holds figures by our own id of the review; its last entry takes them away",
    "tail": "holds numbers of records alone",
    "cells": "hold sums of the ledger's entries, the last one of the review among them",
    "sums_anew": "is made of the ledger's entries, the last one of the review among them",
    "rebuild_places": "hold numbers of records alone",
    "rounded_sums": "holds numbers of rows alone",
    "reconciliations": "hold counts of rows, and the name of a subject",
    "celled_prefixes": "hold no more than the names of subjects",
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""
