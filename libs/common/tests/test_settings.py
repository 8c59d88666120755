"""Settings that every process reads from its environment."""

from ipaddress import ip_network

import pytest

from plaudit.common.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", "postgresql://u:secret@127.0.0.1/d")
    monkeypatch.delenv("PLAUDIT_TRUSTED_PROXIES", raising=False)


@pytest.mark.parametrize(
    "given", ["127.0.0.1 10.0.0.0/8 ::1", "127.0.0.1,10.0.0.0/8, ::1", " 127.0.0.1  10.0.0.0/8\t::1 "]
)
def test_proxies_are_networks_or_addresses_with_spaces_or_commas_between(given: str, monkeypatch) -> None:
    monkeypatch.setenv("PLAUDIT_TRUSTED_PROXIES", given)
    assert read_settings(Settings).trusted_proxies == tuple(map(ip_network, ("127.0.0.1/32", "10.0.0.0/8", "::1/128")))


@pytest.mark.parametrize("given", [None, ""])
def test_no_proxy_is_trusted_unless_it_is_named(given: str | None, monkeypatch) -> None:
    if given is not None:
        monkeypatch.setenv("PLAUDIT_TRUSTED_PROXIES", given)
    assert read_settings(Settings).trusted_proxies == ()


def test_what_is_no_network_is_one_sentence_that_names_the_variable(monkeypatch) -> None:
    monkeypatch.setenv("PLAUDIT_TRUSTED_PROXIES", "127.0.0.1 anybody")
    with pytest.raises(SystemExit, match="PLAUDIT_TRUSTED_PROXIES") as stopped:
        read_settings(Settings)
    assert "secret" not in str(stopped.value)
