"""The person key of an author."""

import hashlib
import hmac
import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from plaudit.ingest.platforms.fields import (
    LANGUAGE_PATTERN,
    InvalidLanguageError,
    as_written,
    checked_language,
    person_key,
)
from plaudit.ingest.sources.domain import KeyedSource

SOURCE = KeyedSource(
    id="source-1",
    tenant_id="default",
    name="Shop",
    platform="native",
    subject="acme",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    secret="whsec_",
    person_key=b"k" * 32,
)
local_parts = st.text("abcdefXYZäÖÉßøñ.+-0123456789", min_size=1, max_size=20)


def test_an_address_is_hashed_under_the_tenants_key():
    expected = hmac.new(b"k" * 32, b"ann@mail.example", hashlib.sha256).hexdigest()
    assert person_key(SOURCE, email="ann@mail.example", person_id="c-1") == expected


@given(local=local_parts, before=st.sampled_from(["", " ", "\t\n"]), after=st.sampled_from(["", " "]))
def test_one_address_has_one_key_however_it_is_written(local, before, after):
    plain = f"{local}@mail.example"
    assume(plain.upper().lower() == plain.lower())
    written = before + unicodedata.normalize("NFD", plain.upper()) + after
    assert person_key(SOURCE, email=written, person_id=None) == person_key(SOURCE, email=plain, person_id=None)


@pytest.mark.parametrize(
    "email",
    [
        *("Cara <cara@mail.example>", "mailto:cara@mail.example", "cara@mail.example.", "<cara@mail.example>"),
        *("cara@mail.example\u200b", "\ufeffCARA@mail.example"),
    ],
)
def test_one_mailbox_in_any_spelling_has_one_key(email):
    plain = person_key(SOURCE, email="cara@mail.example", person_id=None)
    assert person_key(SOURCE, email=email, person_id="c-1") == plain
    assert person_key(SOURCE, email=None, person_id=email) == plain


def test_both_forms_of_an_international_domain_have_one_key():
    one, other = (person_key(SOURCE, email=f"ann@{domain}", person_id=None) for domain in ("café.de", "xn--caf-dma.de"))
    assert one == other


@pytest.mark.parametrize("email", ["n/a", "@", "ann@", "two words@mail.example", "a@b.de, c@d.de", "x" * 300 + "@d.de"])
def test_a_text_that_is_no_address_is_nobodys(email):
    assert person_key(SOURCE, email=email, person_id="c-1") == "native:c-1"
    assert person_key(SOURCE, email=email, person_id=None) is None


def test_the_platform_does_not_matter_to_an_address_and_the_tenant_does():
    key = person_key(SOURCE, email="ann@mail.example", person_id=None)
    assert person_key(replace(SOURCE, platform="trustpilot"), email="ann@mail.example", person_id=None) == key
    assert person_key(replace(SOURCE, person_key=b"x" * 32), email="ann@mail.example", person_id=None) != key


@pytest.mark.parametrize("email", [None, "", "  "])
def test_without_an_address_the_platforms_id_is_the_key(email):
    assert person_key(SOURCE, email=email, person_id="c-1") == "native:c-1"


@pytest.mark.parametrize("person_id", [None, "", " "])
def test_an_unknown_person_has_no_key(person_id):
    assert person_key(SOURCE, email=None, person_id=person_id) is None


addresses = st.sampled_from(["a@b.example", "Ann.B+x@mail.example", "é@ü.example", '"a b"@c.example', " @ ", "@"])
texts = st.builds(
    lambda scrap, times, end: scrap * times + end,
    st.sampled_from(["", " ", "x", "é", "e\u0301", "💥", "\0", "c-1", "@"]),
    st.sampled_from([0, 1, 2, 64, 127, 128, 129, 300]),
    st.sampled_from(["", " ", "z"]),
)


@given(email=st.none() | addresses | texts, person_id=st.none() | addresses | texts)
def test_no_key_holds_an_address_or_grows_long(email, person_id):
    key = person_key(SOURCE, email=email, person_id=person_id)
    assert key is None or ("@" not in key and len(key) <= len("native:") + 128)


@pytest.mark.parametrize(
    "tag",
    [
        *("en", "EN", "pt-BR", "zh-Hant-TW", "es-419", "sl-rozaj-biske-1994", "de-DE-u-co-phonebk", "zh-cmn-Hans-CN"),
        *("en-US-x-twain", "x-whatever", "hy-Latn-IT-arevela", "i-klingon", "sgn-BE-FR", "en-a-myext-b-another", "mul"),
    ],
)
def test_a_well_formed_language_tag_is_taken(tag):
    assert checked_language(tag) == tag


@pytest.mark.parametrize(
    "tag",
    [
        *(
            "",
            "e",
            "pt_BR",
            "english language",
            "<script>",
            "de-",
            "-de",
            "en--US",
            "en-US\n",
            "x-",
            "a-DE",
            "de-419-DE",
        ),
        *("de-419-DE", "ar-a-aaa-b", "i-unknown", "en-a", "d\u00e9", "12", "en-abcdefghi"),
    ],
)
def test_what_is_not_well_formed_is_no_language_tag(tag):
    with pytest.raises(InvalidLanguageError):
        checked_language(tag)
    assert re.search(LANGUAGE_PATTERN, tag) is None


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ("Das Boot kam nie.\n\n(Translated by Google)\nThe boat never came.", "Das Boot kam nie."),
        ("Das Boot kam nie.\n\n(Translated by Google) The boat never came.", "Das Boot kam nie."),
        ("(Translated by Google) It never came.\n\n(Original)\nEs kam nie.\n\nSchade.", "Es kam nie.\n\nSchade."),
        ("(Translated by Google) It never came.\r\n\r\n(Original)\r\nEs kam nie.", "Es kam nie."),
        ("(Translated by Google) Only the translation.", "(Translated by Google) Only the translation."),
        ("(Translated by Google)\n\n(Original)\n", "(Translated by Google)\n\n(Original)\n"),
        ("\n(Translated by Google)", "\n(Translated by Google)"),
        ("The sign: (Translated by Google)", "The sign: (Translated by Google)"),
        ("Dear all,\n(Original)\nis the name.", "Dear all,\n(Original)\nis the name."),
        ("", ""),
    ],
)
def test_googles_translation_is_left_out_and_nothing_that_a_person_wrote(told: str, written: str):
    assert as_written(told) == written


def test_a_text_of_breaks_is_read_for_a_translation_in_one_pass():
    assert as_written("\n" * 1_000_000 + "x") == "\n" * 1_000_000 + "x"
