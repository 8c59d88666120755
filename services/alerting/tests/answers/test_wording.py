"""The lists of words: what they find, and what they leave alone."""

import pytest

from plaudit.alerting.answers.domain.phrases import WrongPhraseError, compiled, level, spans
from plaudit.alerting.answers.domain.wording import LANGUAGES, language_of, wording

APOLOGIES = {
    "en": ("We\u2019re so sorry to hear that.", "Please accept our apologies.", "I regret that this happened."),
    "de": ("Es tut uns sehr leid.", "Bitte entschuldigen Sie die Wartezeit.", "Wir bedauern das.", "ENTSCHULDIGUNG!"),
    "fr": ("Nous sommes désolés.", "Veuillez nous excuser.", "Toutes nos excuses.", "Je suis navree."),
    "es": ("Lamentamos lo ocurrido.", "Le pedimos disculpas.", "Sentimos mucho lo ocurrido."),
    "it": ("Ci scusiamo.", "Ci dispiace molto.", "Siamo spiacenti."),
    "nl": ("Het spijt ons.", "Onze excuses.", "Sorry voor het ongemak."),
}
OFFERS = {
    "en": ("Please contact us.", "Give us a call.", "I will write to you tomorrow.", "Let me know which one."),
    "de": ("Bitte melden Sie sich bei uns.", "Rufen Sie uns an.", "Wir kümmern uns darum."),
    "fr": ("N\u2019hésitez pas à nous contacter.", "Écrivez-nous.", "Nous reviendrons vers vous."),
    "es": ("Póngase en contacto con nosotros.", "Escríbanos.", "Estamos a su disposición."),
    "it": ("Ci contatti.", "Siamo a disposizione.", "Ci scriva."),
    "nl": ("Neem contact met ons op.", "Bel ons.", "Laat het ons weten."),
}
BLAME = {
    "en": {
        "attack": ("You are lying.", "This is a false claim.", "Our lawyers will write to you.", "Shame on you!"),
        "your_fault": ("It was your own fault.", "You should have read the terms.", "If you had asked us, fine.",
                       "You failed to return it.", "Next time read the manual.", "You didn\u2019t even bother."),
        "denial": ("That is not our fault.", "We did nothing wrong."),
        "others_are_happy": ("No other customer has this.", "You\u2019re the only one.", "Nobody else complained."),
    },
    "de": {
        "attack": ("Sie lügen.", "Das ist Verleumdung.", "Unser Anwalt meldet sich.", "Eine Frechheit."),
        "your_fault": ("Sie sind selbst schuld.", "Sie hätten das vorher lesen müssen.", "Wer lesen kann, weiß das."),
        "denial": ("Das ist nicht unsere Schuld.", "Das stimmt so nicht."),
        "others_are_happy": ("Alle anderen Kunden sind zufrieden.", "Sie sind der Einzige."),
    },
    "fr": {
        "attack": ("Vous mentez.", "C\u2019est de la diffamation."),
        "your_fault": ("C\u2019est votre faute.", "Vous auriez dû lire."),
        "denial": ("Ce n\u2019est pas notre faute.",),
        "others_are_happy": ("Aucun autre client ne se plaint.",),
    },
    "es": {
        "attack": ("Usted miente.",),
        "your_fault": ("Es culpa suya.", "Si hubiera leído las condiciones."),
        "denial": ("No es culpa nuestra.",),
        "others_are_happy": ("Ningún otro cliente se queja.",),
    },
    "it": {
        "attack": ("Lei mente.",),
        "your_fault": ("È colpa sua.", "Avrebbe dovuto leggere."),
        "denial": ("Non è colpa nostra.",),
        "others_are_happy": ("Nessun altro cliente si lamenta.",),
    },
    "nl": {
        "attack": ("U liegt.",),
        "your_fault": ("Uw eigen schuld.", "U had het moeten lezen."),
        "denial": ("Dat is niet onze schuld.",),
        "others_are_happy": ("Geen enkele andere klant klaagt.",),
    },
}  # fmt: skip
HARMLESS = {
    "en": (
        "We should have told you sooner.", "You should receive it on Monday.", "You can read more here.",
        "It is our fault, not yours.", "You did everything right.", "We failed to call you back.",
        "The lawyer's office next door has the parcel.", "If you had trouble with the app, write to us.",
        "We would love to know if you have any other questions.", "You are right to be angry.",
    ),
    "de": (
        "Wir hätten das merken müssen.", "Sie haben recht.", "Das war unser Fehler.", "Sie erhalten Ihr Geld zurück.",
        "Sie hätten das nicht erleben sollen, wir bedauern es.",
    ),
}  # fmt: skip


def found(language, kind, text):
    return next(spans(wording(language).blame[kind], level(text)), None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_apologies_and_offers_are_found_in_each_language(language):
    words = wording(language)
    assert [each for each in APOLOGIES[language] if not words.apologies.search(level(each))] == []
    assert [each for each in OFFERS[language] if not words.offers.search(level(each))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_blame_is_found_in_each_language_by_its_kind(language):
    assert BLAME[language].keys() == wording(language).blame.keys()
    missed = [each for kind, texts in BLAME[language].items() for each in texts if found(language, kind, each) is None]
    assert missed == []


@pytest.mark.parametrize(("language", "text"), [(key, each) for key, texts in HARMLESS.items() for each in texts])
def test_what_only_sounds_alike_is_left_alone(language, text):
    hits = [kind for kind in wording(language).blame if found(language, kind, text)]
    assert hits == []


def test_a_phrase_does_not_cross_the_end_of_a_sentence():
    pattern = compiled("you failed <3> to")
    assert pattern.search(level("You failed again and again to"))
    assert not pattern.search(level("You failed. We want to"))


def test_spans_are_those_of_the_text_as_it_came():
    text = "İ ß 😀 You\u2019re lying."
    assert [text[start:end] for start, end in spans(wording("en").blame["attack"], level(text))] == [
        "You\u2019re lying"
    ]


@pytest.mark.parametrize("phrase", ["<2> word", "maybe? word", "a <9> b"])
def test_a_phrase_that_could_match_anywhere_is_refused(phrase):
    with pytest.raises(WrongPhraseError):
        compiled(phrase)


@pytest.mark.parametrize(
    ("tag", "language"), [("de-AT", "de"), ("EN", "en"), ("fr_CA", "fr"), ("pl", None), ("", None), (None, None)]
)
def test_a_language_is_that_of_its_tag(tag, language):
    assert language_of(tag) == language
