"""The guidelines that every tenant has from the start, in English and German. A tenant's own revision replaces one."""

from typing import Final
from uuid import UUID, uuid5

from plaudit.alerting.library.domain.guideline import SHIPPED_BY, Revision
from plaudit.common.contracts import Severity

_NAMESPACE: Final = UUID("6f1d9c1e-3a2b-5c47-9a60-0b8f2d1c7e55")
_DRASTIC, _NEGATIVE, _NORMAL = Severity.DRASTIC, Severity.NEGATIVE, Severity.NORMAL

_ENGLISH: Final[dict[tuple[str | None, Severity | None], tuple[str, tuple[str, ...]]]] = {
    (None, _DRASTIC): (
        "People and their safety come before our reputation. Nothing is disputed in public.",
        (
            "Show that somebody in charge has read it, by name and role",
            "Apologise without a condition for what the customer lived through",
            "Say what was stopped, secured or looked at already, and nothing that is not certain",
            "Name one person, a number and a time at which they call",
            "Leave facts, blame and compensation to that call",
        ),
    ),
    (None, _NEGATIVE): (
        "A complaint is work done for us. Whoever complains is thanked, heard and told what happens.",
        (
            "Take up what went wrong in the customer's own words",
            "Apologise for it",
            "Give the cause, if it is known, in one sentence and without excuse",
            "Say what is done for this customer, and by when",
            "Say what changes so that it does not happen again",
            "Offer a person who can be reached",
        ),
    ),
    (None, _NORMAL): (
        "Praise belongs to the people who earned it, and each remark is a hint.",
        (
            "Thank for one thing that the customer mentioned",
            "Pass the praise on to whoever it is about, and say so",
            "Take up a remark or a wish, if there is one",
            "Ask nothing and sell nothing",
        ),
    ),
    ("delivery", _NEGATIVE): (
        "What is late is our concern until it has arrived, whoever carries it.",
        (
            "Name where the parcel is now, from the order and not from hope",
            "Apologise for the wait",
            "Give a date that holds, or say when there will be one",
            "Offer a choice: send again, refund, or wait",
            "Settle the delivery cost without being asked",
        ),
    ),
    ("billing_refund", _NEGATIVE): (
        "Money that is not ours goes back at once. The customer proves nothing that we can look up.",
        (
            "Confirm which amount it is about, without account data in public",
            "Apologise for the trouble, also where the amount was right",
            "Say what was paid back or checked, and until when it arrives",
            "Explain the cause in one sentence",
            "Give a direct contact in billing",
        ),
    ),
    ("support_contact", _NEGATIVE): (
        "Whoever could not reach us is reached by us.",
        (
            "Apologise for the silence, and name how long it lasted",
            "Say who calls or writes, and when",
            "Ask for nothing that was told already",
            "Say what was changed about the way to us",
        ),
    ),
    ("staff_attitude", _NEGATIVE): (
        "Customers are treated with respect, and staff are not judged in public.",
        (
            "Apologise for how the customer was made to feel",
            "Say that it is talked over with the team, without names",
            "Ask for day and place in private, if they are needed",
            "Offer a talk with whoever leads the team",
        ),
    ),
    ("quality_defect", _NEGATIVE): (
        "What is broken is put right first, and understood after that.",
        (
            "Name the defect that the customer described",
            "Apologise for it",
            "Offer repair, exchange or refund as the customer prefers",
            "Take over the cost and the effort of the return",
            "Say what is known of the cause, and who looks into it",
        ),
    ),
    ("app_website", _NEGATIVE): (
        "A fault is a fault on every device, and a workaround is not a cure.",
        (
            "Name what fails, on which device or version if it is known",
            "Say whether the fault is known, and the state of its repair",
            "Give a workaround that was tried, if there is one",
            "Ask for the one detail that is missing",
            "Say how the customer learns that it is repaired",
        ),
    ),
    ("price_fees", _NEGATIVE): (
        "Prices are explained, not defended.",
        (
            "Name the price or fee that it is about",
            "Say what it pays for, in one sentence",
            "Own up if it was not clear before the purchase, and say what changes",
            "Offer to look at the invoice together",
        ),
    ),
}
_GERMAN: Final[dict[tuple[str | None, Severity | None], tuple[str, tuple[str, ...]]]] = {
    (None, _DRASTIC): (
        "Menschen und ihre Sicherheit gehen vor dem guten Ruf. Öffentlich wird nichts bestritten.",
        (
            "Zeigen, dass es jemand mit Verantwortung gelesen hat, mit Namen und Aufgabe",
            "Ohne Bedingung um Entschuldigung bitten für das, was geschehen ist",
            "Sagen, was schon gestoppt, gesichert oder geprüft ist, und nichts Ungewisses",
            "Eine Person, eine Nummer und eine Zeit für den Anruf nennen",
            "Sachverhalt, Schuld und Ausgleich in dieses Gespräch verlegen",
        ),
    ),
    (None, _NEGATIVE): (
        "Eine Beschwerde ist Arbeit für uns. Wer sich beschwert, bekommt Dank, Gehör und Auskunft.",
        (
            "Aufgreifen, was schiefging, in den Worten der Kundin oder des Kunden",
            "Um Entschuldigung bitten",
            "Die Ursache nennen, wenn sie bekannt ist, in einem Satz und ohne Ausrede",
            "Sagen, was für diesen Fall getan wird und bis wann",
            "Sagen, was sich ändert, damit es nicht wieder geschieht",
            "Eine erreichbare Person anbieten",
        ),
    ),
    (None, _NORMAL): (
        "Lob gehört denen, die es verdient haben, und jede Bemerkung ist ein Hinweis.",
        (
            "Für eine Sache danken, die erwähnt wurde",
            "Das Lob weitergeben und das sagen",
            "Eine Bemerkung oder einen Wunsch aufgreifen, wenn es sie gibt",
            "Um nichts bitten und nichts verkaufen",
        ),
    ),
    ("delivery", _NEGATIVE): (
        "Was spät kommt, bleibt unsere Sache, bis es da ist, gleich wer es trägt.",
        (
            "Sagen, wo die Sendung jetzt ist, aus dem Auftrag und nicht aus Hoffnung",
            "Für das Warten um Entschuldigung bitten",
            "Einen Tag nennen, der hält, oder wann es einen gibt",
            "Eine Wahl anbieten: neu senden, erstatten oder warten",
            "Versandkosten ungefragt erstatten",
        ),
    ),
    ("billing_refund", _NEGATIVE): (
        "Geld, das uns nicht gehört, geht sofort zurück. Niemand muss beweisen, was sich nachsehen lässt.",
        (
            "Bestätigen, um welchen Betrag es geht, ohne Kontodaten in der Öffentlichkeit",
            "Für die Mühe um Entschuldigung bitten, auch wenn der Betrag stimmte",
            "Sagen, was erstattet oder geprüft ist und bis wann es ankommt",
            "Die Ursache in einem Satz erklären",
            "Einen direkten Kontakt in der Buchhaltung nennen",
        ),
    ),
    ("support_contact", _NEGATIVE): (
        "Wer uns nicht erreicht hat, wird von uns erreicht.",
        (
            "Für das Schweigen um Entschuldigung bitten und seine Dauer nennen",
            "Sagen, wer anruft oder schreibt und wann",
            "Nichts erfragen, was schon gesagt ist",
            "Sagen, was sich am Weg zu uns geändert hat",
        ),
    ),
    ("staff_attitude", _NEGATIVE): (
        "Kundschaft wird mit Respekt behandelt, und über Mitarbeitende wird nicht öffentlich geurteilt.",
        (
            "Um Entschuldigung bitten für den Eindruck, der entstanden ist",
            "Sagen, dass es im Team besprochen wird, ohne Namen",
            "Tag und Ort nur privat erfragen, wenn sie nötig sind",
            "Ein Gespräch mit der Leitung anbieten",
        ),
    ),
    ("quality_defect", _NEGATIVE): (
        "Was kaputt ist, wird zuerst in Ordnung gebracht und dann verstanden.",
        (
            "Den beschriebenen Mangel benennen",
            "Um Entschuldigung bitten",
            "Reparatur, Tausch oder Erstattung nach Wunsch anbieten",
            "Kosten und Mühe der Rücksendung übernehmen",
            "Sagen, was über die Ursache bekannt ist und wer sie prüft",
        ),
    ),
    ("app_website", _NEGATIVE): (
        "Ein Fehler ist auf jedem Gerät ein Fehler, und ein Umweg ist keine Lösung.",
        (
            "Benennen, was nicht geht, mit Gerät oder Version, wenn sie bekannt sind",
            "Sagen, ob der Fehler bekannt ist und wie weit die Behebung ist",
            "Einen erprobten Umweg nennen, wenn es ihn gibt",
            "Die eine fehlende Angabe erfragen",
            "Sagen, wie die Behebung mitgeteilt wird",
        ),
    ),
    ("price_fees", _NEGATIVE): (
        "Preise werden erklärt und nicht verteidigt.",
        (
            "Den Preis oder die Gebühr benennen",
            "In einem Satz sagen, wofür sie ist",
            "Zugeben, wenn sie vor dem Kauf nicht klar war, und sagen, was sich ändert",
            "Anbieten, die Rechnung gemeinsam durchzugehen",
        ),
    ),
}


def shipped(tenant_id: str) -> list[Revision]:
    """Return the shipped guidelines as a tenant has them until it changes them: each with revision 1."""
    return [
        Revision(
            tenant_id=tenant_id,
            id=uuid5(_NAMESPACE, f"{language}/{topic}/{severity}"),
            number=1,
            language=language,
            topic=topic,
            severity=severity,
            stance=stance,
            points=points,
            made_by=SHIPPED_BY,
            made_at=None,
        )
        for language, entries in (("en", _ENGLISH), ("de", _GERMAN))
        for (topic, severity), (stance, points) in entries.items()
    ]
