"""What changes of a source, and what counts while a secret is replaced."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from plaudit.ingest.sources.domain import (
    MAX_SECRETS,
    ChangedInBetweenError,
    InvalidSourceError,
    Source,
    TooManySecretsError,
    UnopenedSecretError,
    check_revision,
    edited,
    rotated,
    with_secrets,
)

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
SIGNED = Source(
    tenant_id="t", id="s", name="Shop", platform="native", subject="acme", secret="first", created_at=NOW - HOUR
)
BY_TOKEN = Source(
    tenant_id="t",
    id="s",
    name="Shop",
    platform="trustpilot",
    subject="acme",
    secret="unused",
    path_token="first",
    created_at=NOW - HOUR,
)


@pytest.mark.parametrize("source", [SIGNED, BY_TOKEN], ids=["signed", "by token"])
def test_while_a_secret_is_replaced_both_count_and_the_new_one_is_the_present_one(source: Source):
    after = rotated(source, "second", HOUR, NOW)
    assert after.proving == ("second", "first")
    assert after.more_secrets_until == (NOW + HOUR,)
    assert after.revision == source.revision + 1
    again = rotated(after, "third", 2 * HOUR, NOW)
    assert again.proving == ("third", "second", "first")
    assert again.more_secrets_until == (NOW + 2 * HOUR, NOW + HOUR)


def test_without_overlap_all_older_ones_end_at_once():
    after = rotated(rotated(SIGNED, "second", HOUR, NOW), "third", timedelta(), NOW)
    assert after.proving == ("third",)
    assert after.more_secrets_until == ()


def test_no_secret_that_counts_is_dropped_for_a_newer_one():
    source = SIGNED
    for number in range(MAX_SECRETS - 1):
        source = rotated(source, f"{number}", HOUR, NOW)
    with pytest.raises(TooManySecretsError):
        rotated(source, "one more", HOUR, NOW)
    assert rotated(source, "one more", timedelta(), NOW).proving == ("one more",)


def test_a_change_that_changes_nothing_is_no_new_revision():
    assert edited(SIGNED, {}, NOW) is SIGNED
    assert edited(SIGNED, {"name": "Shop", "paused": False, "time_zone": None}, NOW) is SIGNED
    after = edited(SIGNED, {"name": "Other", "subject": "acme/berlin", "allowed_addresses": ["10.0.0.1"]}, NOW)
    assert (after.name, after.subject, after.allowed_addresses) == ("Other", "acme/berlin", ("10.0.0.1/32",))
    assert after.revision == SIGNED.revision + 1


def test_pausing_again_keeps_when_it_began():
    paused = edited(SIGNED, {"paused": True}, NOW)
    assert paused.paused_at == NOW
    assert edited(paused, {"paused": True}, NOW + HOUR) is paused
    assert edited(paused, {"paused": False}, NOW + HOUR).paused_at is None


@pytest.mark.parametrize("changes", [{"time_zone": "Mars/Olympus"}, {"allowed_addresses": ["10.0.0.1/8"]}])
def test_a_setting_that_cannot_be_changes_nothing(changes: dict):
    with pytest.raises(InvalidSourceError, match=next(iter(changes))):
        edited(SIGNED, changes, NOW)


def test_a_change_that_is_meant_for_another_revision_is_refused():
    check_revision(SIGNED, None)
    check_revision(SIGNED, {1, 7})
    for expected in ({2}, set()):
        with pytest.raises(ChangedInBetweenError):
            check_revision(SIGNED, expected)


def test_what_cannot_be_decrypted_proves_nothing_and_only_another_secret_mends_it():
    unopened = replace(SIGNED, secret=None)
    assert (unopened.is_unopened, SIGNED.is_unopened) == (True, False)
    with pytest.raises(UnopenedSecretError, match="PLAUDIT_VAULT_KEYS"):
        _ = unopened.proving
    with pytest.raises(UnopenedSecretError):
        rotated(unopened, "second", HOUR, NOW)
    assert edited(unopened, {"name": "Other"}, NOW).is_unopened
    healed = with_secrets(unopened, "second", more=("third",))
    assert (healed.proving, healed.more_secrets_until, healed.revision) == (("second", "third"), (None,), 2)
    assert with_secrets(replace(BY_TOKEN, secret=None, path_token=None), "unused", "new").proving == ("new",)
