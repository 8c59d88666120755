"""Which language a text is in, and when that cannot be said."""

import pytest

from plaudit.ingest.sorting.domain import language
from plaudit.ingest.sorting.domain.language import KNOWN_LANGUAGES, UNKNOWN, Language, language_of

ELEVEN = frozenset({"en", "de", "fr", "no", "es", "nl", "da", "sv", "it", "pt", "pl"})


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Sehr guter Service, gerne wieder.", "de"),
        ("Leider nie eine Antwort bekommen", "de"),
        ("Service nul, jamais de réponse", "fr"),
    ],
)
def test_a_short_sentence_tells_its_language(text: str, tag: str) -> None:
    assert language_of(text, None, ELEVEN) == Language(tag, "text")


@pytest.mark.parametrize(
    "text",
    [
        *("ok", "Top!", "Super", "Great service", "Nie wieder", "Never again", "12345", "\U0001f621\U0001f621", ""),
        "Der customer support war total useless und slow",
    ],
)
def test_what_is_too_short_or_mixed_is_unknown_and_never_english(text: str) -> None:
    assert language_of(text, None, ELEVEN) == UNKNOWN


def test_the_platform_knows_better() -> None:
    assert language_of("Sehr guter Service, gerne wieder.", "nl-BE", ELEVEN) == Language("nl-BE", "platform")


def test_only_languages_of_the_tenant_and_english_are_told() -> None:
    french = "Le service est nul et je ne reçois jamais de réponse à mes questions."
    assert language_of(french, None, frozenset({"fr"})).tag == "fr"
    assert language_of(french, None, frozenset({"de"})).tag != "fr"
    assert language_of("The service was good and I would come here again.", None, frozenset({"de"})).tag == "en"


def test_one_set_of_languages_does_not_change_another() -> None:
    german = "Das ist ein ganz gewöhnlicher Satz über den Kundendienst."
    for languages in (frozenset({"de"}), frozenset({"fr"}), frozenset({"de"})):
        assert (language_of(german, None, languages).tag == "de") == ("de" in languages)


def test_the_languages_that_rules_may_name_are_those_of_the_model() -> None:
    assert ELEVEN <= KNOWN_LANGUAGES
    text = "Das ist ein ganz gewöhnlicher Satz über den Kundendienst."
    assert language_of(text, None, KNOWN_LANGUAGES).tag == "de"


def test_no_more_is_read_than_tells_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    class Model:
        def predict(self, line: str, *args: object) -> object:
            lines.append(line)
            return model.predict(line, *args)

    model = language._model()
    monkeypatch.setattr(language, "_model", Model)
    text = "Das ist ein ganz gewöhnlicher Satz über den Kundendienst, und ein zweiter folgt ihm gleich nach. " * 9
    assert language_of(text, None, ELEVEN).tag == "de"
    assert lines == [f"{text[:60].lower()}\n"]
