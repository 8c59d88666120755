import base64
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.vault import KeyRing, MissingKeyError, Place, SealedValueError, Vault, VaultKeyError
from plaudit.common.vault.key_ring import KEY_ID, new_key, new_key_id

OLD, NEW = new_key("k1"), new_key("k2")
PLACE = Place("acme", "contacts", "p-1", "address")


def vault(*keys: str) -> Vault:
    return Vault(KeyRing.parse(" ".join(keys)))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_again_in_its_place(value: str) -> None:
    opened = vault(OLD)
    sealed = opened.seal(value, PLACE)
    assert opened.open(sealed, PLACE) == value
    assert len(value) < 4 or value not in sealed


def test_the_same_value_is_never_sealed_alike() -> None:
    opened = vault(OLD)
    assert len({opened.seal("ada@example.com", PLACE) for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "other",
    [
        Place("other", "contacts", "p-1", "address"),
        Place("acme", "sources", "p-1", "address"),
        Place("acme", "contacts", "p-2", "address"),
        Place("acme", "contacts", "p-1", "secret"),
        Place("acmecontacts", "", "p-1", "address"),
        Place("acme", "contactsp-1", "", "address"),
    ],
)
def test_a_value_opens_in_no_other_place(other: Place) -> None:
    opened = vault(OLD)
    with pytest.raises(SealedValueError):
        opened.open(opened.seal("ada@example.com", PLACE), other)


def test_a_value_of_which_one_bit_was_changed_does_not_open() -> None:
    opened = vault(OLD)
    prefix, _, encoded = opened.seal("ada@example.com", PLACE).rpartition(":")
    content = bytearray(base64.b64decode(encoded))
    for at in range(len(content)):
        content[at] ^= 1
        with pytest.raises(SealedValueError):
            opened.open(f"{prefix}:{base64.b64encode(content).decode()}", PLACE)
        content[at] ^= 1


@pytest.mark.parametrize("text", ["", "v1", "v1:k1", "v1:k1:", "v1:k1:?", "v2:k1:AAAA", "v1:k1:AAAA", "whsec_AAAA"])
def test_what_is_no_sealed_value_is_refused(text: str) -> None:
    with pytest.raises(SealedValueError):
        vault(OLD).open(text, PLACE)


def test_after_a_rotation_old_values_open_and_new_ones_need_the_new_key() -> None:
    before = vault(OLD).seal("ada@example.com", PLACE)
    rotated = vault(NEW, OLD)
    assert rotated.open(before, PLACE) == "ada@example.com"
    resealed = rotated.reseal(before, PLACE)
    assert resealed.startswith(rotated.current_prefix)
    assert vault(NEW).open(resealed, PLACE) == "ada@example.com"
    with pytest.raises(MissingKeyError, match="k1"):
        vault(NEW).open(before, PLACE)


def test_a_vault_without_keys_seals_nothing() -> None:
    with pytest.raises(MissingKeyError, match="PLAUDIT_VAULT_KEYS"):
        vault().seal("x", PLACE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c2hvcnQ=", "key 1"),
        ("k1:c2hvcnQ=", "key k1"),
        ("k1:????", "key k1"),
        ("K 1:AAAA", "key 1"),
        (f"{OLD} {OLD}", "key k1 is there twice: take one away"),
        (f"{new_key('k1')} {OLD}", "two keys have the id k1: give the one that was added last another id"),
    ],
    ids=["too short", "named and too short", "not base64", "bad name", "one key twice", "one id twice"],
)
def test_keys_of_another_form_are_refused_and_not_told(text: str, said: str) -> None:
    with pytest.raises(VaultKeyError, match=said) as refused:
        KeyRing.parse(text)
    assert OLD.partition(":")[2] not in str(refused.value)


def test_keys_that_are_made_on_one_day_have_ids_that_differ_and_count_beside_one_of_before() -> None:
    ids = {new_key_id(date(2026, 11, 29)) for _ in range(100)}
    assert len(ids) == 100
    assert all(each.startswith("k20261129-") and KEY_ID.fullmatch(each) for each in ids)
    before = new_key("k20261129")
    sealed = vault(before).seal("ada@example.com", PLACE)
    assert vault(*map(new_key, sorted(ids)), before).open(sealed, PLACE) == "ada@example.com"


def test_a_key_ring_shows_no_key() -> None:
    assert OLD.partition(":")[2] not in repr(KeyRing.parse(OLD))
