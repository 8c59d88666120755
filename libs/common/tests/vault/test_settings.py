from pathlib import Path

import pytest

from plaudit.common.settings import read_settings
from plaudit.common.vault import Place, VaultSettings, vault_of
from plaudit.common.vault.cli import main
from plaudit.common.vault.key_ring import new_key

KEY = new_key("k1")
PLACE = Place("acme", "contacts", "p-1", "address")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", "postgresql:///none")
    for name in ("PLAUDIT_VAULT_KEYS", "PLAUDIT_VAULT_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_key_a_service_does_not_start_and_says_what_to_set() -> None:
    with pytest.raises(SystemExit, match=r"PLAUDIT_VAULT_KEYS: .*PLAUDIT_VAULT_KEY_FILE.*new-key"):
        read_settings(VaultSettings)


def test_keys_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAUDIT_VAULT_KEYS", f"{new_key('k2')},{KEY}")
    assert vault_of(read_settings(VaultSettings)).current_prefix == "v1:k2:"


def test_a_wrong_key_is_told_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAUDIT_VAULT_KEYS", f"{KEY}AAAA")
    with pytest.raises(SystemExit, match=r"PLAUDIT_VAULT_KEYS: .*key k1") as refused:
        read_settings(VaultSettings)
    assert KEY.partition(":")[2] not in str(refused.value)


def test_a_first_start_makes_a_private_key_file_and_the_next_ones_keep_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "vault" / "keys"
    monkeypatch.setenv("PLAUDIT_VAULT_KEY_FILE", str(file))
    assert main(["make"]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    sealed = vault_of(read_settings(VaultSettings)).seal("ada@example.com", PLACE)
    assert main(["make"]) == 0
    assert vault_of(read_settings(VaultSettings)).open(sealed, PLACE) == "ada@example.com"
    assert [path.name for path in file.parent.iterdir()] == ["keys"]


def test_two_keys_that_are_printed_on_one_day_are_a_ring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = []
    for _ in range(2):
        assert main(["new-key"]) == 0
        printed.append(capsys.readouterr().out)
    monkeypatch.setenv("PLAUDIT_VAULT_KEYS", " ".join(printed))
    current = printed[0].partition(":")[0]
    assert vault_of(read_settings(VaultSettings)).current_prefix == f"v1:{current}:"


def test_a_key_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLAUDIT_VAULT_KEY_FILE", str(tmp_path / "keys"))
    with pytest.raises(SystemExit, match=r"keys.*cannot be read"):
        read_settings(VaultSettings)


def test_keys_in_the_environment_need_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLAUDIT_VAULT_KEYS", KEY)
    monkeypatch.setenv("PLAUDIT_VAULT_KEY_FILE", str(tmp_path / "keys"))
    assert main(["make"]) == 0
    assert not (tmp_path / "keys").exists()
    assert vault_of(read_settings(VaultSettings)).current_prefix == "v1:k1:"
