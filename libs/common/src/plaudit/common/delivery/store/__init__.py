"""Every SQL statement about messages, their deliveries and attempts, and outlets."""

from plaudit.common.delivery.store.erasing import erase, purge
from plaudit.common.delivery.store.leasing import ANY_DUE, contents, lease, take
from plaudit.common.delivery.store.reading import (
    Standing,
    ThreadStanding,
    attempts_of,
    begun,
    bundled_with,
    count_failed,
    last_told,
    list_deliveries,
    read_delivery,
    recipients,
    standing,
    standing_of,
    told_with_others,
    was_sent,
)
from plaudit.common.delivery.store.recording import (
    Ended,
    circuits,
    close_circuit,
    fail_outlet,
    record,
    redrive,
    save_circuits,
)
from plaudit.common.delivery.store.rows import GatheringKey, OutletKey, SentKey, ThreadKey
from plaudit.common.delivery.store.writing import Fresh, add, add_bundle, gathering_of

__all__ = [
    "ANY_DUE",
    "Ended",
    "Fresh",
    "GatheringKey",
    "OutletKey",
    "SentKey",
    "Standing",
    "ThreadKey",
    "ThreadStanding",
    "add",
    "add_bundle",
    "attempts_of",
    "begun",
    "bundled_with",
    "circuits",
    "close_circuit",
    "contents",
    "count_failed",
    "erase",
    "fail_outlet",
    "gathering_of",
    "last_told",
    "lease",
    "list_deliveries",
    "purge",
    "read_delivery",
    "recipients",
    "record",
    "redrive",
    "save_circuits",
    "standing",
    "standing_of",
    "take",
    "told_with_others",
    "was_sent",
]
