"""The words of the public pages that are the same for every survey, in both languages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.surveys.domain.survey import Language, choices


class Message(msgspec.Struct, frozen=True):
    """A page without a form."""

    title: str
    text: str


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one language."""

    skip: str
    optional: str
    send: str
    private: str
    errors: Mapping[str, str]
    error: str
    responded_on: str
    unknown: Message
    expired: Message
    closed: Message
    other: Message
    unavailable: Message
    busy: Message
    elsewhere: Message
    ends: Mapping[Kind, tuple[str, str]]
    """What the worst and the best value mean."""
    values: Mapping[Kind, tuple[str, ...]]
    """What each value means, where each has words."""
    of: str
    """Between a value and the best one."""


_ENGLISH: Final = Words(
    skip="Skip to the question",
    optional="optional",
    send="Send",
    private="Your answer goes to {brand} and counts in its ratings. It may be quoted in public, without your name.",
    errors={
        "missing": "Please choose one.",
        "off_scale": "Please choose one of these values.",
        "too_long": "Please shorten your text: at most 4,000 characters fit.",
    },
    error="Not sent yet",
    responded_on="We have had your answer since {day}. Each link takes one answer.",
    unknown=Message(
        "This link leads nowhere",
        "Perhaps a part of it was lost on the way. Open it again from your e-mail, or copy all of it.",
    ),
    expired=Message("This survey has ended", "The link was valid until {day}. Thank you for wanting to answer."),
    closed=Message("This survey has ended", "{brand} takes no more answers to it. Thank you for wanting to answer."),
    other=Message(
        "You have answered already",
        "We have had your answer since {day}, and each link takes one. What you have just sent was not stored.",
    ),
    unavailable=Message(
        "This survey cannot be shown just now",
        "Something is out of order on our side. Please open the link again later.",
    ),
    busy=Message(
        "Too much at once",
        "Many answers came from your network within this hour. Nothing was stored; please try again in a while.",
    ),
    elsewhere=Message(
        "Please answer on the page itself",
        "This form was sent from elsewhere, and nothing was stored. Open the link from your e-mail and answer there.",
    ),
    ends={
        Kind.STARS: ("very poor", "excellent"),
        Kind.NPS: ("not at all likely", "extremely likely"),
        Kind.CSAT: ("very dissatisfied", "very satisfied"),
        Kind.CES: ("very difficult", "very easy"),
    },
    values={
        Kind.STARS: ("1 star", "2 stars", "3 stars", "4 stars", "5 stars"),
        Kind.CSAT: ("very dissatisfied", "dissatisfied", "neither", "satisfied", "very satisfied"),
    },
    of="of",
)
_GERMAN: Final = Words(
    skip="Zur Frage springen",
    optional="freiwillig",
    send="Absenden",
    private="Ihre Antwort geht an {brand} und zählt in den Bewertungen mit. Sie kann öffentlich zitiert werden, jedoch "
    "ohne Ihren Namen.",
    errors={
        "missing": "Bitte wählen Sie etwas aus.",
        "off_scale": "Bitte wählen Sie einen dieser Werte aus.",
        "too_long": "Bitte kürzen Sie Ihren Text: Höchstens 4.000 Zeichen haben Platz.",
    },
    error="Noch nicht abgesendet",
    responded_on="Ihre Antwort haben wir seit {day}. Jeder Link gilt für eine Antwort.",
    unknown=Message(
        "Dieser Link führt nirgendwohin",
        "Vielleicht ging unterwegs ein Teil davon verloren. Öffnen Sie ihn noch einmal aus Ihrer E-Mail, oder kopieren "
        "Sie ihn ganz.",
    ),
    expired=Message("Diese Umfrage ist beendet", "Der Link galt bis {day}. Danke, dass Sie antworten wollten."),
    closed=Message(
        "Diese Umfrage ist beendet", "{brand} nimmt keine Antworten mehr an. Danke, dass Sie antworten wollten."
    ),
    other=Message(
        "Sie haben schon geantwortet",
        "Ihre Antwort haben wir seit {day}, und jeder Link gilt für eine. Was Sie eben gesendet haben, wurde nicht "
        "gespeichert.",
    ),
    unavailable=Message(
        "Diese Umfrage lässt sich gerade nicht anzeigen",
        "Bei uns ist etwas nicht in Ordnung. Bitte öffnen Sie den Link später noch einmal.",
    ),
    busy=Message(
        "Zu viel auf einmal",
        "Aus Ihrem Netz kamen in dieser Stunde sehr viele Antworten. Es wurde nichts gespeichert; bitte versuchen Sie "
        "es später noch einmal.",
    ),
    elsewhere=Message(
        "Bitte antworten Sie auf der Seite selbst",
        "Dieses Formular kam von einer anderen Seite, und es wurde nichts gespeichert. Öffnen Sie den Link aus Ihrer "
        "E-Mail, und antworten Sie dort.",
    ),
    ends={
        Kind.STARS: ("sehr schlecht", "ausgezeichnet"),
        Kind.NPS: ("sehr unwahrscheinlich", "sehr wahrscheinlich"),
        Kind.CSAT: ("sehr unzufrieden", "sehr zufrieden"),
        Kind.CES: ("sehr schwierig", "sehr leicht"),
    },
    values={
        Kind.STARS: ("1 Stern", "2 Sterne", "3 Sterne", "4 Sterne", "5 Sterne"),
        Kind.CSAT: ("sehr unzufrieden", "unzufrieden", "teils, teils", "zufrieden", "sehr zufrieden"),
    },
    of="von",
)
WORDS: Final = {Language.ENGLISH: _ENGLISH, Language.GERMAN: _GERMAN}
_MONTHS: Final = {
    Language.ENGLISH: "January February March April May June July August September October November December",
    Language.GERMAN: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}


class Choice(msgspec.Struct, frozen=True):
    """One value that can be chosen."""

    value: int
    shown: str
    said: str
    """What it means, for those who do not see where it stands on the scale; empty where that is shown."""


def choices_of(kind: Kind, language: Language) -> list[Choice]:
    """Return the values of a question, the worst first."""
    words, values = WORDS[language], list(choices(kind))
    if kind in words.values:
        each = zip(values, words.values[kind], strict=True)
        return [Choice(value, f"{value} ★" if kind is Kind.STARS else str(value), said) for value, said in each]
    worst, best = words.ends[kind]
    ends = {values[0]: worst, values[-1]: best}
    return [Choice(value, str(value), f"{words.of} {values[-1]}" + _said(ends.get(value))) for value in values]


def day_of(at: datetime, language: Language) -> str:
    """Return a day in a language, in UTC: `3 March 2026`, `3. März 2026`."""
    year, month, day = at.year, at.month, at.day
    name = _MONTHS[language].split()[month - 1]
    return f"{day}. {name} {year}" if language is Language.GERMAN else f"{day} {name} {year}"


def preferred(accept_language: str) -> Language:
    """Return the language for somebody of whom nothing is known but the header Accept-Language; English otherwise."""
    wanted = [part.partition(";") for part in accept_language.lower().split(",")]
    ranked = sorted(wanted, key=lambda part: -_quality(part[2]))
    known = [Language(tag.strip()[:2]) for tag, _, _ in ranked if tag.strip()[:2] in set(Language)]
    return known[0] if known else Language.ENGLISH


def _said(end: str | None) -> str:
    return f", {end}" if end else ""


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
