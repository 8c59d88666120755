"""Words of ours on what the public reads, by language. What people wrote stands beside them, and keeps its own."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from plaudit.common.delivery.domain.shapes.mail import direction_of


class Wording(NamedTuple):
    """The words of one language."""

    name: str
    """Of the language, in itself."""
    incidents: str
    none: str
    cause: str
    unknown_cause: str
    fix: str
    prevention: str
    update: str
    corrected: str
    updated: str
    since: str
    feed: str
    more: str
    all_incidents: str
    severities: Mapping[str, str]
    states: Mapping[str, str]


WORDINGS: Final[Mapping[str, Wording]] = {
    "en": Wording(
        "English",
        "Incidents",
        "There is no incident.",
        "Cause",
        "We do not know the cause yet.",
        "What we do about it",
        "What we do so that it does not happen again",
        "Update",
        "Correction",
        "Last update",
        "Since",
        "Follow by feed",
        "Read more",
        "All incidents",
        {"urgent": "Urgent", "important": "Important", "routine": "Routine"},
        {"open": "Open", "monitoring": "Being watched", "resolved": "Resolved", "closed": "Closed"},
    ),
    "de": Wording(
        "Deutsch",
        "Störungen",
        "Es gibt keine Störung.",
        "Ursache",
        "Die Ursache kennen wir noch nicht.",
        "Was wir dagegen tun",
        "Was wir tun, damit es nicht wieder geschieht",
        "Meldung",
        "Korrektur",
        "Letzte Meldung",
        "Seit",
        "Als Feed verfolgen",
        "Weiterlesen",
        "Alle Störungen",
        {"urgent": "Dringend", "important": "Wichtig", "routine": "Gewöhnlich"},
        {"open": "Offen", "monitoring": "Wird beobachtet", "resolved": "Behoben", "closed": "Abgeschlossen"},
    ),
    "es": Wording(
        "Español",
        "Incidencias",
        "No hay ninguna incidencia.",
        "Causa",
        "Todavía no conocemos la causa.",
        "Qué hacemos para resolverlo",
        "Qué hacemos para que no vuelva a ocurrir",
        "Aviso",
        "Corrección",
        "Último aviso",
        "Desde",
        "Seguir por feed",
        "Leer más",
        "Todas las incidencias",
        {"urgent": "Urgente", "important": "Importante", "routine": "Ordinaria"},
        {"open": "Abierta", "monitoring": "En observación", "resolved": "Resuelta", "closed": "Cerrada"},
    ),
    "fr": Wording(
        "Français",
        "Incidents",
        "Il n'y a aucun incident.",
        "Cause",
        "Nous ne connaissons pas encore la cause.",
        "Ce que nous faisons",
        "Ce que nous faisons pour que cela ne se reproduise pas",
        "Message",
        "Correction",
        "Dernier message",
        "Depuis",
        "Suivre par flux",
        "Lire la suite",
        "Tous les incidents",
        {"urgent": "Urgent", "important": "Important", "routine": "Ordinaire"},
        {"open": "Ouvert", "monitoring": "Sous surveillance", "resolved": "Résolu", "closed": "Clos"},
    ),
    "it": Wording(
        "Italiano",
        "Disservizi",
        "Non c'è alcun disservizio.",
        "Causa",
        "Non conosciamo ancora la causa.",
        "Che cosa facciamo",
        "Che cosa facciamo perché non accada di nuovo",
        "Avviso",
        "Correzione",
        "Ultimo avviso",
        "Dal",
        "Segui con il feed",
        "Leggi tutto",
        "Tutti i disservizi",
        {"urgent": "Urgente", "important": "Importante", "routine": "Ordinario"},
        {"open": "Aperto", "monitoring": "In osservazione", "resolved": "Risolto", "closed": "Chiuso"},
    ),
    "nl": Wording(
        "Nederlands",
        "Storingen",
        "Er is geen storing.",
        "Oorzaak",
        "We kennen de oorzaak nog niet.",
        "Wat we eraan doen",
        "Wat we doen zodat het niet weer gebeurt",
        "Bericht",
        "Correctie",
        "Laatste bericht",
        "Sinds",
        "Volgen via feed",
        "Lees verder",
        "Alle storingen",
        {"urgent": "Dringend", "important": "Belangrijk", "routine": "Gewoon"},
        {"open": "Open", "monitoring": "Wordt gevolgd", "resolved": "Opgelost", "closed": "Gesloten"},
    ),
    "ar": Wording(
        "العربية",
        "الأعطال",
        "لا يوجد أي عطل.",
        "السبب",
        "لا نعرف السبب بعد.",
        "ما الذي نفعله",
        "ما الذي نفعله كي لا يتكرر ذلك",
        "تحديث",
        "تصحيح",
        "آخر تحديث",
        "منذ",
        "المتابعة عبر الخلاصة",
        "اقرأ المزيد",
        "كل الأعطال",
        {"urgent": "عاجل", "important": "مهم", "routine": "عادي"},
        {"open": "مفتوح", "monitoring": "قيد المراقبة", "resolved": "تم الحل", "closed": "مغلق"},
    ),
    "he": Wording(
        "עברית",
        "תקלות",
        "אין תקלות.",
        "הסיבה",
        "הסיבה עדיין לא ידועה לנו.",
        "מה אנחנו עושים",
        "מה אנחנו עושים כדי שזה לא יקרה שוב",
        "עדכון",
        "תיקון",
        "עדכון אחרון",
        "מאז",
        "מעקב בפיד",
        "להמשך קריאה",
        "כל התקלות",
        {"urgent": "דחוף", "important": "חשוב", "routine": "רגיל"},
        {"open": "פתוחה", "monitoring": "במעקב", "resolved": "נפתרה", "closed": "נסגרה"},
    ),
}
"""Language → our words. Updates are written in these languages: their pages have no word of another one."""
ENGLISH: Final = "en"


def direction(language: str) -> str:
    """Return the direction that a language is written in: `ltr` or `rtl`."""
    return direction_of(language)
