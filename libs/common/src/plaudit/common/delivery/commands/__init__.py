"""How messages change: queued with their cause, leased and checked before they leave, and recorded afterwards."""

from plaudit.common.delivery.commands.checks import (
    FAILED,
    Check,
    Checks,
    Due,
    Failed,
    Later,
    Verdict,
    Withdraw,
    asked_apart,
    checked,
    failed,
    reason_of,
)
from plaudit.common.delivery.commands.leaving import (
    LEASE_SECONDS,
    NO_ENDPOINT,
    Complete,
    NotCompletedError,
    Ready,
    lease,
    prepare,
    ready_of,
    with_references,
)
from plaudit.common.delivery.commands.queueing import queue
from plaudit.common.delivery.commands.recording import disable, erase_person, erase_thread, record, redrive

__all__ = [
    "FAILED",
    "LEASE_SECONDS",
    "NO_ENDPOINT",
    "Check",
    "Checks",
    "Complete",
    "Due",
    "Failed",
    "Later",
    "NotCompletedError",
    "Ready",
    "Verdict",
    "Withdraw",
    "asked_apart",
    "checked",
    "disable",
    "erase_person",
    "erase_thread",
    "failed",
    "lease",
    "prepare",
    "queue",
    "ready_of",
    "reason_of",
    "record",
    "redrive",
    "with_references",
]
