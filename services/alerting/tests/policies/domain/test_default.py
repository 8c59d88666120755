from datetime import UTC, datetime
from hashlib import sha256

from plaudit.alerting.calendars.domain import ALWAYS
from plaudit.alerting.policies.domain.compile import compiled
from plaudit.alerting.policies.domain.default import NEWEST, SHIPPED_ID, shipped, shipped_text
from plaudit.alerting.policies.domain.document import Format

SHA256 = {1: "4af9dc47071a53db61d12f38b736c59563ad8790c7cc5b7f2dbb3cbe44597867"}
"""Clocks are pinned to shipped revisions: a new default is a new file, and these stay."""


def test_shipped_revisions_never_change():
    assert {number: sha256(shipped_text(number).encode()).hexdigest() for number in range(1, NEWEST + 1)} == SHA256


def test_shipped_revisions_hold_the_rules_that_own_ones_must():
    for number in range(1, NEWEST + 1):
        now = datetime(2026, 3, 2, tzinfo=UTC)
        found = compiled(
            shipped_text(number),
            Format.YAML,
            policy_id=SHIPPED_ID,
            number=number,
            calendars={"always": ALWAYS},
            now=now,
        )
        assert found == shipped(number)
