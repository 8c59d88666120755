import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.answers.domain.masking import masked, parts_of


@pytest.mark.parametrize(
    ("text", "greeting", "sign_off"),
    [
        ("Hi Sarah,\n\nwe called.\n\nKind regards,\nThe Fat Team\n", "Hi Sarah,", "Kind regards,\nThe Fat Team\n"),
        ("Dear Mr. Smith, we called.", "Dear Mr. Smith,", ""),
        ("Dear valued customer! We called.", "Dear valued customer!", ""),
        ("Hi there.Perhaps this'll help ^rt", "Hi there.", "^rt"),
        ("Hi Scott,\n\nWe called.\n\nJaime\nOutdoor Support", "Hi Scott,", "Jaime\nOutdoor Support"),
        ("Sehr geehrte Frau Müller, wir prüfen das. Mit freundlichen Grüßen Ihr Acme-Team", "Sehr geehrte Frau Müller,",
         "Mit freundlichen Grüßen Ihr Acme-Team"),
        ("Bonjour Paul, nous avons appelé. Cordialement, Marie", "Bonjour Paul,", "Cordialement, Marie"),
        ("Hola Ana: hemos llamado. Un saludo, el equipo de Acme", "Hola Ana:", "Un saludo, el equipo de Acme"),
        ("Hello we are sorry", "Hello", ""),
        ("We called. Thank you for waiting so long. We will call again.", "", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_greeting_and_sign_off_are_no_part_of_the_body(text, greeting, sign_off):
    parts = parts_of(text)
    assert text[: parts.body_start] == greeting
    assert text[parts.body_end :].strip() == sign_off.strip()


@pytest.mark.parametrize(
    ("text", "language", "left"),
    [
        ("Your order 4711 of 3 May, #A-12, cost 19,90.", "en", "your order of , cost"),
        ("See https://acme.example/x?y=1 or write to help@acme.example now", "en", "see or write to now"),
        ("We told Peter of Acme about it. Then we left.", "en", "we told of about it. then we left."),
        ("Wir haben die Tür mit Frau Weber geprüft.", "de", "wir haben die tür mit geprüft."),
        ("I think that PDF files work.", "en", "i think that pdf files work."),
    ],
)
def test_what_differs_from_customer_to_customer_is_masked(text, language, left):
    assert masked(text, language=language) == left


def test_names_of_the_customer_the_product_and_the_subject_are_masked_in_any_language():
    text = "Wir haben sarah und die Sonnenlampe aus Berlin vermisst."
    assert masked(text, language="de", names=("Sarah K.", "Sonnenlampe", "acme/berlin")) == (
        "wir haben und die aus vermisst."
    )


@given(st.text(max_size=300))
def test_parts_lie_in_their_order_within_any_text(text):
    parts = parts_of(text)
    assert 0 <= parts.body_start <= parts.body_end <= len(text)
    masked(text, language="en", names=(text,))


@given(st.text(st.sampled_from("hi,. \n-^aA1@:/dear"), max_size=3_000))
def test_no_text_takes_long(text):
    masked(text, language="en")
