from itsdangerous import TimestampSigner

from plaudit.common.pages.flash import MAX_AGE_SECONDS, MAX_TEXT_CHARS, Flash, read_flash, sign_flash


def test_a_message_comes_back_as_it_was() -> None:
    for flash in (Flash("The status is set."), Flash("Größe <b> zurückgenommen", is_good=False)):
        assert read_flash(sign_flash(flash, "secret"), "secret") == flash


def test_another_sessions_message_is_none() -> None:
    assert read_flash(sign_flash(Flash("Hello"), "secret"), "another") is None


def test_a_forged_or_broken_cookie_is_none() -> None:
    good = sign_flash(Flash("Hello"), "secret")
    for cookie in ("", "x", good[:-1], "A" + good, good.replace(".", "")):
        assert read_flash(cookie, "secret") is None


def test_an_old_message_is_none(monkeypatch) -> None:
    cookie = sign_flash(Flash("Hello"), "secret")
    now = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda signer: now(signer) + MAX_AGE_SECONDS + 1)
    assert read_flash(cookie, "secret") is None


def test_a_long_text_is_cut_so_that_the_cookie_fits() -> None:
    cookie = sign_flash(Flash("ä" * 10_000), "secret")
    assert read_flash(cookie, "secret") == Flash("ä" * MAX_TEXT_CHARS)
    assert len(cookie) < 4_000
