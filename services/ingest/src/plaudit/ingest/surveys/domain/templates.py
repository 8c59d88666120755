"""Words to begin a survey with, for five industries in two languages. Whoever makes a survey may change all of them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.surveys.domain.survey import Language, Wording


class Template(StrEnum):
    """An industry."""

    SOFTWARE = "software"
    SHOP = "shop"
    HOSPITALITY = "hospitality"
    HEALTH = "health"
    TRADES = "trades"


class _Words(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    questions: Mapping[Kind, str]
    text_question: str
    thanks: str


def _words(title: str, stars: str, nps: str, csat: str, ces: str, text_question: str, thanks: str) -> _Words:
    questions = {Kind.STARS: stars, Kind.NPS: nps, Kind.CSAT: csat, Kind.CES: ces}
    return _Words(title=title, questions=questions, text_question=text_question, thanks=thanks)


_ENGLISH: Final = {
    Template.SOFTWARE: _words(
        "How is {brand} working for you?",
        "How many stars do you give {brand}?",
        "How likely are you to recommend {brand} to a colleague?",
        "How satisfied are you with {brand}?",
        "How easy is it to get your work done with {brand}?",
        "What should we improve first, and what must stay as it is?",
        "Thank you! The people who build {brand} read every answer. If something holds you up, they see it today.",
    ),
    Template.SHOP: _words(
        "How was your order from {brand}?",
        "How many stars do you give your order?",
        "How likely are you to recommend {brand} to a friend?",
        "How satisfied are you with your order?",
        "How easy was it to find, order and receive what you wanted?",
        "What did you like, and what went wrong?",
        "Thank you! If something is wrong with your order, we will be in touch. You can also reply to our e-mail.",
    ),
    Template.HOSPITALITY: _words(
        "How was your visit to {brand}?",
        "How many stars do you give your visit?",
        "How likely are you to recommend {brand} to friends or family?",
        "How satisfied were you with your visit?",
        "How easy was everything, from booking to goodbye?",
        "What will you remember, and what should we do better next time?",
        "Thank you, and thank you for being our guest! The whole team hears what you liked.",
    ),
    Template.HEALTH: _words(
        "How was your appointment at {brand}?",
        "How many stars do you give your appointment?",
        "How likely are you to recommend {brand} to people close to you?",
        "How satisfied were you with how we looked after you?",
        "How easy was it to get an appointment and be seen?",
        "What went well, and what should we change? Please write nothing about your health.",
        "Thank you! Your answer helps us look after everybody better. For medical questions please call the practice.",
    ),
    Template.TRADES: _words(
        "How did {brand} do the job?",
        "How many stars do you give our work?",
        "How likely are you to recommend {brand} to neighbours or friends?",
        "How satisfied are you with our work?",
        "How easy was it, from the first call to the bill?",
        "Were we on time, tidy and clear about the price? What should we do better?",
        "Thank you! If anything still needs doing, tell us, and we come back.",
    ),
}
_GERMAN: Final = {
    Template.SOFTWARE: _words(
        "Wie kommen Sie mit {brand} zurecht?",
        "Wie viele Sterne geben Sie {brand}?",
        "Wie wahrscheinlich ist es, dass Sie {brand} im Kollegenkreis weiterempfehlen?",
        "Wie zufrieden sind Sie mit {brand}?",
        "Wie leicht geht Ihnen die Arbeit mit {brand} von der Hand?",
        "Was sollen wir zuerst verbessern, und was muss so bleiben?",
        "Vielen Dank! Das Team von {brand} liest jede Antwort. Wenn etwas Sie aufhält, sehen wir es noch heute.",
    ),
    Template.SHOP: _words(
        "Wie war Ihre Bestellung bei {brand}?",
        "Wie viele Sterne geben Sie Ihrer Bestellung?",
        "Wie wahrscheinlich ist es, dass Sie {brand} im Freundeskreis weiterempfehlen?",
        "Wie zufrieden sind Sie mit Ihrer Bestellung?",
        "Wie leicht war es, das Richtige zu finden, zu bestellen und zu bekommen?",
        "Was hat Ihnen gefallen, und was ist schiefgegangen?",
        "Vielen Dank! Wenn mit Ihrer Bestellung etwas nicht stimmt, melden wir uns. Sie können auch auf unsere E-Mail "
        "antworten.",
    ),
    Template.HOSPITALITY: _words(
        "Wie war Ihr Besuch bei {brand}?",
        "Wie viele Sterne geben Sie Ihrem Besuch?",
        "Wie wahrscheinlich ist es, dass Sie {brand} Freunden oder der Familie empfehlen?",
        "Wie zufrieden waren Sie mit Ihrem Besuch?",
        "Wie unkompliziert war alles, von der Buchung bis zum Abschied?",
        "Was bleibt Ihnen in Erinnerung, und was sollen wir beim nächsten Mal besser machen?",
        "Vielen Dank, und danke, dass Sie unser Gast waren! Das ganze Team erfährt, was Ihnen gefallen hat.",
    ),
    Template.HEALTH: _words(
        "Wie war Ihr Termin bei {brand}?",
        "Wie viele Sterne geben Sie Ihrem Termin?",
        "Wie wahrscheinlich ist es, dass Sie {brand} Menschen empfehlen, die Ihnen nahestehen?",
        "Wie zufrieden waren Sie mit der Betreuung bei uns?",
        "Wie leicht war es, einen Termin zu bekommen und an die Reihe zu kommen?",
        "Was lief gut, und was sollen wir ändern? Bitte schreiben Sie nichts über Ihre Gesundheit.",
        "Vielen Dank! Ihre Antwort hilft uns, alle besser zu betreuen. Bei medizinischen Fragen rufen Sie bitte in der "
        "Praxis an.",
    ),
    Template.TRADES: _words(
        "Wie hat {brand} bei Ihnen gearbeitet?",
        "Wie viele Sterne geben Sie unserer Arbeit?",
        "Wie wahrscheinlich ist es, dass Sie {brand} Nachbarn oder Freunden empfehlen?",
        "Wie zufrieden sind Sie mit unserer Arbeit?",
        "Wie unkompliziert war alles, vom ersten Anruf bis zur Rechnung?",
        "Waren wir pünktlich, sauber und beim Preis klar? Was sollen wir besser machen?",
        "Vielen Dank! Wenn noch etwas zu tun ist, sagen Sie es uns, und wir kommen wieder.",
    ),
}
_TEMPLATES: Final = {Language.ENGLISH: _ENGLISH, Language.GERMAN: _GERMAN}


def wording_of(template: Template, language: Language, kind: Kind) -> Wording:
    """Return the words of a template for one kind of question."""
    words = _TEMPLATES[language][template]
    return Wording(
        title=words.title, question=words.questions[kind], text_question=words.text_question, thanks=words.thanks
    )
