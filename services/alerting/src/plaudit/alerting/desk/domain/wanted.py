"""What the desk is narrowed by, as its address says it."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from plaudit.alerting.policies.domain.metrics import INCIDENT_SEVERITIES, REVIEW_SEVERITIES, Metric
from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject

SHOWN: Final = {
    "": "all",
    "late": "late",
    "next": "due next",
    "paused": "paused",
    "unknown": "to look up",
}
"""What is shown → how it is called."""
SEVERITIES: Final = (*map(str, REVIEW_SEVERITIES), *INCIDENT_SEVERITIES)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which clocks the desk shows; what is empty narrows nothing."""

    show: str = ""
    owner: str = ""
    severity: str = ""
    subject: str = ""
    source_id: str = ""
    metric: str = ""

    @property
    def query(self) -> str:
        """Return it as the query of an address, with its question mark; empty if nothing is narrowed."""
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value}
        return f"?{urlencode(given)}" if given else ""

    @property
    def csv_query(self) -> str:
        """Return what the file of clocks is narrowed by in the same way; late and next are by state there."""
        state = {"late": "breached", "next": "running"}.get(self.show, self.show)
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value and name != "show"}
        given |= {"state": state} if state else {}
        return f"?{urlencode(given | {'byte_order_mark': 'true'})}"

    @property
    def is_narrowed(self) -> bool:
        """Say whether anything but what is shown is narrowed."""
        return bool(msgspec.structs.replace(self, show="").query)


def checked(wanted: Wanted, owners: Collection[str]) -> tuple[Wanted, dict[str, str]]:
    """Return what can be asked for, and of each field that cannot what is wrong with it: it narrows nothing then.

    Args:
        wanted: as the address says.
        owners: the addresses of whoever may own a clock.
    """
    errors = {name: words for name, words in _faults(wanted, owners).items() if words}
    return msgspec.structs.replace(wanted, **dict.fromkeys(errors, "")), errors


def _faults(wanted: Wanted, owners: Collection[str]) -> dict[str, str]:
    choose = "There is no such one: choose one of the list."
    return {
        "show": "" if wanted.show in SHOWN else choose,
        "owner": "" if not wanted.owner or wanted.owner in owners else choose,
        "severity": "" if wanted.severity in ("", *SEVERITIES) else choose,
        "subject": "" if not wanted.subject or is_subject(wanted.subject) else SUBJECT_RULE,
        "source_id": "" if _is_id(wanted.source_id) else choose,
        "metric": "" if wanted.metric in ("", *Metric) else choose,
    }


def _is_id(text: str) -> bool:
    if not text:
        return True
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
