"""What reviews in German mention, by topic.

`domain/phrases.py` explains how phrases are written.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TOPICS_DE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "price_fees": """
            preis*; teuer/teurer/überteuert; gebühr*; kosten/kosten*;
            beitrag/beiträge/beitragserhöhung/beitragsanpassung; günstig*; rabatt*
        """,
        "billing_refund": """
            erstatt*/rückerstatt*; geld zurück; rückzahlung; abbuch*/abgebucht; rechnung*; mahnung*/mahngebühr*;
            inkasso*; lastschrift; guthaben; zahlung/zahlungen; ausgezahlt
        """,
        "cancel_contract": """
            kündig*/gekündigt; storno*/storniert*; widerruf*; vertrag*; laufzeit; verlängerung/verlängert;
            kleingedruckt*; agb*; abo/abonnement
        """,
        "support_contact": """
            kundenservice/kundendienst/kundenbetreuung/kundenberatung; hotline/warteschleife; rückruf; telefon*;
            erreichbar*/erreichen; keine antwort/rückmeldung/reaktion; mail/mails/email/emails; ansprechpartner*;
            callcenter; kontaktformular
        """,
        "staff_attitude": """
            unfreundlich*/freundlich*; arrogan*; inkompeten*/kompeten*; mitarbeiter*; berater/beraterin/beratung;
            abgewimmelt; hilfsbereit*; unverschämt*
        """,
        "speed_waiting": """
            langsam*; wartezeit*/warte/wartete/gewartet/warten; verspät*/verzöger*; zu spät; schnell*/zügig*;
            pünktlich*/unpünktlich*; seit/nach tagen/wochen/monaten; stundenlang*/tagelang*/wochenlang*/monatelang*;
            dauert/dauerte/gedauert; ewig/ewigkeit/ewigkeiten; bearbeitungszeit*; warteschlange*; anstehen/angestanden;
            schlange gestanden/stehen/standen; lange/langen/endlose/endlosen schlange/schlangen
        """,
        "delivery": """
            liefer*/geliefert; versand*; paket*; zustell*; bestellung*; angekommen; sendung*
        """,
        "quality_defect": """
            kaputt*; defekt*; beschädigt*; qualität; mangel/mängel/mangelhaft*; reparatur*; funktioniert nicht;
            reklam*; garantie
        """,
        "app_website": """
            app; webseite/website/homepage/seite; abstürz*/stürzt; fehlermeldung*; einlogg*/login; laden/lädt; hängt;
            oberfläche; update
        """,
        "account_identity": """
            konto/kundenkonto; passwort*; registrier*; anmeld*; verifizier*; identität*; ausweis*; zugang*
        """,
        "choice_availability": """
            verfügbar*; ausverkauft; auswahl; termin/termine/terminvergabe; buchung*/gebucht/buchen; reserv*
        """,
        "clean_safe": """
            dreckig*/schmutzig*; sauber*; gestank/stinkt; schimmel*; hygiene*; sicherheit*
        """,
        "honesty_terms": """
            versteckte*; irreführ*; gelogen/lügen/lüge/lügner; versprochen/versprechen/versprechung*;
            ausrede*/fadenscheinig*; täusch*; transparen*; falschaussage*; unseriös*
        """,
        "decision_denied": """
            abgelehnt/ablehnen/ablehnung*; verweiger*; kostenübernahme; deckungszusage*/deckungsanfrage;
            schadenfall/schadensfall/schadenmeldung/schadensmeldung; leistung/leistungen; übernommen
        """,
        "ads_privacy": """
            werbung*; spam; benachrichtigung*; datenschutz*; daten; berechtigung*
        """,
    }
)
