"""What an invitation says, in the languages that customers are written to in.

It asks for what happened, good or bad, and promises nothing: an invitation that asks for praise is review gating by
other means.
"""

from typing import Final, NamedTuple

DEFAULT_LANGUAGE: Final = "en"


class Words(NamedTuple):
    """The words of one language; `{company}` stands for whoever asks."""

    subject: str
    reminder_subject: str
    opening: str
    reminder_opening: str
    request: str
    label: str
    reason: str
    preferences: str


WORDS: Final = {
    "en": Words(
        subject="How was it with {company}?",
        reminder_subject="A reminder: how was it with {company}?",
        opening="You have recently dealt with {company}.",
        reminder_opening="A week ago we asked how it was. This is the only reminder.",
        request="Tell others what it was like, good or bad. It takes a minute, and every review is read.",
        label="Write a review",
        reason="You get this because you agreed that {company} may write to you.",
        preferences="Choose what you are told, or stop these mails",
    ),
    "de": Words(
        subject="Wie war es bei {company}?",
        reminder_subject="Zur Erinnerung: Wie war es bei {company}?",
        opening="Sie hatten kürzlich mit {company} zu tun.",
        reminder_opening="Vor einer Woche haben wir gefragt, wie es war. Dies ist die einzige Erinnerung.",
        request="Sagen Sie anderen, wie es war, ob gut oder schlecht. Es dauert eine Minute, und jede Bewertung wird gelesen.",
        label="Bewertung schreiben",
        reason="Sie bekommen diese Nachricht, weil Sie zugestimmt haben, dass {company} Ihnen schreibt.",
        preferences="Wählen, worüber wir schreiben, oder abbestellen",
    ),
    "fr": Words(
        subject="Comment cela s’est-il passé avec {company} ?",
        reminder_subject="Rappel : comment cela s’est-il passé avec {company} ?",
        opening="Vous avez récemment eu affaire à {company}.",
        reminder_opening="Il y a une semaine, nous vous avons demandé votre avis. C’est le seul rappel.",
        request="Dites aux autres comment c’était, en bien ou en mal. Cela prend une minute, et chaque avis est lu.",
        label="Écrire un avis",
        reason="Vous recevez ce message parce que vous avez accepté que {company} vous écrive.",
        preferences="Choisir ce que vous recevez, ou ne plus rien recevoir",
    ),
    "es": Words(
        subject="¿Qué tal le fue con {company}?",
        reminder_subject="Recordatorio: ¿qué tal le fue con {company}?",
        opening="Hace poco trató con {company}.",
        reminder_opening="Hace una semana le preguntamos qué tal le fue. Este es el único recordatorio.",
        request="Cuente a otros cómo fue, bueno o malo. Lleva un minuto, y cada reseña se lee.",
        label="Escribir una reseña",
        reason="Recibe este mensaje porque aceptó que {company} le escriba.",
        preferences="Elegir qué recibe, o dejar de recibirlo",
    ),
    "it": Words(
        subject="Com’è andata con {company}?",
        reminder_subject="Promemoria: com’è andata con {company}?",
        opening="Di recente ha avuto a che fare con {company}.",
        reminder_opening="Una settimana fa le abbiamo chiesto com’è andata. Questo è l’unico promemoria.",
        request="Racconti agli altri com’è stato, nel bene e nel male. Basta un minuto, e ogni recensione viene letta.",
        label="Scrivere una recensione",
        reason="Riceve questo messaggio perché ha accettato che {company} le scriva.",
        preferences="Scegliere che cosa ricevere, o non ricevere più nulla",
    ),
    "nl": Words(
        subject="Hoe was het bij {company}?",
        reminder_subject="Herinnering: hoe was het bij {company}?",
        opening="U had onlangs te maken met {company}.",
        reminder_opening="Een week geleden vroegen we hoe het was. Dit is de enige herinnering.",
        request="Vertel anderen hoe het was, goed of slecht. Het kost een minuut, en elke review wordt gelezen.",
        label="Een review schrijven",
        reason="U krijgt dit bericht omdat u ermee hebt ingestemd dat {company} u schrijft.",
        preferences="Kiezen wat u ontvangt, of afmelden",
    ),
}
"""Language → its words."""


def words_in(language: str | None) -> tuple[str, Words]:
    """Return the language that a customer is written to in, and its words: English where we have no others."""
    known = language if language in WORDS else DEFAULT_LANGUAGE
    return known, WORDS[known]
