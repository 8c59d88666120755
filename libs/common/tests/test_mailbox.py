import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plaudit.common.mailbox import MAX_CHARS, Mailbox, NotAMailboxError, parse


def address(text: str) -> str | None:
    """The address of a text that is taken; None for one that is refused."""
    try:
        return parse(text).address
    except NotAMailboxError:
        return None


@pytest.mark.parametrize(
    "spelling",
    [
        *("cara@example.com", " CARA@Example.COM\n", "cara@example.com\u200b", "\ufeffcara@example.com"),
        *("ca\u00adra@exam\u200bple.com", "Cara <cara@example.com>", '"Doe, Cara" <cara@example.com>'),
        *("Doe, Cara <cara@example.com>", "<cara@example.com>", "cara@example.com <cara@example.com>"),
        *("mailto:cara@example.com", "MAILTO:Cara@example.com?subject=Hi", "mailto:cara%40example.com"),
        *("<mailto:cara@example.com>", "mailto:<cara@example.com>", "\u200bmailto:cara@example.com"),
        *("cara@example.com.", "\u202acara@example.com\u202c", '"cara"@example.com', "cara@example。com"),
        *("\u200eCara\u200e <cara@example.com>", "cara@\uff45\uff58ample.com", '"A <b@c.d>" <cara@example.com>'),
    ],
)
def test_a_mailbox_in_any_spelling_is_one(spelling: str) -> None:
    assert parse(spelling) == Mailbox("cara", "example.com")


@pytest.mark.parametrize(
    "spelling",
    ["anna@café.example", "anna@xn--caf-dma.example", "ANNA@CAFE\u0301.example.", "Anna <anna@XN--CAF-DMA.example>"],
)
def test_both_forms_of_an_international_domain_are_one(spelling: str) -> None:
    assert parse(spelling) == Mailbox("anna", "café.example")
    assert parse(spelling).server_address == "anna@xn--caf-dma.example"


@pytest.mark.parametrize(
    ("domain", "label"), [("faß.de", "xn--fa-hia.de"), ("i❤.ws", "xn--i-7iq.ws"), ("例え.jp", "xn--r8jz45g.jp")]
)
def test_a_domain_is_one_in_its_own_script_and_in_ascii(domain: str, label: str) -> None:
    assert address(f"a@{domain}") == address(f"a@{label}") == f"a@{domain}"
    assert parse(f"a@{domain}").server_address == f"a@{label}"


@pytest.mark.parametrize(
    "kept",
    [
        *("o'hara@example.com", '"a,b"@example.com', '"a b"@c.example', "ada@[127.0.0.1]", "root@localhost"),
        *("a@my_host.example", ".a..b.@docomo.example", "zoë@example.com", "a+b@example.com", "ada@xn--caf-dma.x.com"),
    ],
)
def test_an_unusual_address_is_taken(kept: str) -> None:
    assert address(kept) == kept.replace("xn--caf-dma", "café")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "@",
            "anna",
            "a@",
            "@b.de",
            "\u200b@b.de",
            "a@\u200b",
            "a@.",
            "a@..",
            "a@b..c",
            "a@.b.c",
            "a b@c.de",
        ),
        *("a@b@c.de", "a@b c.de", "a\x00@b.de", "a@b\x07.de", "a\ud800@b.de", "a@b.de, c@d.de", "a@b.de; C <c@d.de>"),
        *("a@b.de,C <c@d.de>", "(work)a@b.de", "a@(work)b.de", "<a@b.de", "a@b.de>", "<a@b.de> b", "<>", "mailto:"),
        *("mailto:a@b.de,c@d.de", "mailto:%ff@b.de", "mailto:a%00@b.de", "mailto:a%0a@b.de", "a\n@b.de", "a@b.de\nBcc"),
        *(
            "a@xn--\u00fc.de",
            "a@xn--zzzzzzzz.de",
            "a@xn--abc-.de",
            "a@xn--caf-DMA1.de",
            "x" * 250 + "@a.de",
            '""a"@b.de',
        ),
        *("a\u202e@b.de", "a:b@c.de", "http://a@b.de"),
    ],
)
def test_what_is_not_one_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(NotAMailboxError, match="not one e-mail address such as"):
        parse(text)


def test_two_addresses_that_look_different_are_two_mailboxes() -> None:
    spellings = ["ann@b.de", "ann@c.de", "an.n@b.de", "ann+x@b.de", "änn@b.de", "ann@b.de.com", "ann@ß.de", "ann@ss.de"]
    assert len({address(each) for each in spellings}) == len(spellings)


def test_a_joiner_that_nobody_can_see_makes_no_other_mailbox() -> None:
    assert address("a@b\u200cc.de") == "a@bc.de"
    assert address("a@نامه\u200cای.com") == "a@نامه\u200cای.com"


anything = st.text(max_size=20) | st.text('ab@<>.,:"\\[]\u200b\u200d\u00adéßx-n mailto', max_size=20)
labels = st.text(st.characters(categories=["Ll", "Lo", "Nd"]), min_size=1, max_size=6)
domains = st.lists(labels | st.text(max_size=5), min_size=1, max_size=3).map(".".join)


@given(anything | st.builds("{}@{}".format, anything, domains))
@example("0@\u013f\u200c")
@settings(max_examples=500)
def test_the_address_of_a_mailbox_is_its_own(text: str) -> None:
    taken = address(text)
    if taken is None:
        return
    assert address(taken) == taken
    assert unicodedata.is_normalized("NFC", taken)
    assert len(taken) <= MAX_CHARS


@given(
    local=st.text("abcdefXYZäÖÉßøñ.+-0123456789", min_size=1, max_size=20),
    spell=st.sampled_from(["{}", "<{}>", "Ann <{}>", "mailto:{}", " {}. ", "{}\u200b", "\u2060{}"]),
)
def test_a_mailbox_is_as_it_was_when_only_letters_were_made_small(local: str, spell: str) -> None:
    plain = f"{local}@Mail.example"
    former = unicodedata.normalize("NFC", plain.strip().lower())
    assert address(plain) == former
    assert address(spell.format(unicodedata.normalize("NFD", plain))) == former
