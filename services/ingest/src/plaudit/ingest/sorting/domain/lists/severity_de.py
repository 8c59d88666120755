"""What reviews in German say of drastic things, by category.

`domain/phrases.py` explains how phrases are written.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SEVERITY_DE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "safety": """
            ~gefährlich/gefährliche/gefährlicher/gefährliches/gefährlichen/lebensgefährlich*/brandgefährlich*;
            lebensgefahr/brandgefahr/unfallgefahr/verletzungsgefahr/stolpergefahr/gesundheitsgefahr; körperverletzung;
            mich/mir/uns/kind/tochter/sohn/frau/mann <3> verletzt; verletzt worden; in brand geraten; feuer gefangen;
            ~explodiert/explodierte/explosion; stromschlag; gasgeruch/gasleck; kohlenmonoxid*; lebensmittelvergiftung;
            ~vergiftet/vergiftung; salmonellen; bettwanzen; ~schimmel/verschimmelt*;
            bremsen/bremse <2> versagt/versagten/defekt/ausgefallen/kaputt; bremsversagen; notaufnahme;
            im/ins krankenhaus/spital; ~notarzt/notärztin; ~rettungswagen/krankenwagen; ~intensivstation;
            ~gehirnerschütterung/knochenbruch/platzwunde;
            ~bein/arm/fuß/fuss/knöchel/handgelenk/hand/finger/hüfte/knie/rippe/rippen/nase gebrochen;
            fast/beinahe gestorben/verunglückt/umgebracht; todesangst; angst um mein/unser leben;
            um leben und tod; sicherheitsrisiko/sicherheitsmangel/sicherheitsmängel;
            gesundheitsschäd*/gesundheitsgefährd*; allergischer/allergische schock/reaktion; handgreiflich*/tätlich*;
            ~bedroht/bedrohte/bedrohung; mich/uns <2> angegriffen; suizid*/selbstmord*
        """,
        "legal": """
            anwalt/anwältin/anwälte/rechtsanwalt/rechtsanwältin/anwalts;
            klage/verklagen/verklagt/verklage/einklagen/eingeklagt; werde/werden/will/muss <3> klagen;
            rechtliche/rechtlichen/juristische schritte/schritten/konsequenzen; rechtsweg; rechtsstreit; vor gericht;
            amtsgericht/landgericht; mahnverfahren; mahnbescheid; anzeige erstattet/erstatten/gestellt;
            strafanzeige/strafantrag; ~polizei; verbraucherschutz/verbraucherzentrale/verbraucherschützer;
            ombudsmann*/ombudsstelle/*ombudsmann/ombudsfrau; bafin; aufsichtsbehörde; wettbewerbszentrale;
            abmahnung/abgemahnt; schadensersatz/schadenersatz; sammelklage; rechtswidrig*;
            ~illegale/illegalen/illegales
        """,
        "fraud": """
            betrug/*betrug; betrüger/betrügern/betrügerisch*/betrügerei/betrügereien/betrügerverein/betrügerladen;
            betrogen; ~abzock*/abgezockt; ~zocken/zockt <3> ab; über den tisch gezogen; übers ohr gehauen;
            ~gauner/gaunerei/gauner*; ganoven; ~schwindel/schwindler; ~verbrecher*; ~kriminell/kriminelle/kriminellen;
            ~geklaut/beklaut/bestohlen; ~diebe/diebstahl; bauernfäng*; hochstapler; ~unterschlagung/unterschlagen;
            arglistig*; ~nepp/nepper; ~wucher; unberechtigt* <2> abgebucht/abbuchung/abbuchungen;
            ohne <3> einwilligung/zustimmung/einverständnis/erlaubnis <2> abgebucht; abofalle; fakeshop; fake shop
        """,
        "discrimination": """
            rassis*; diskrimin*; sexis*; sexuell* belästig*; homophob*; fremdenfeind*/ausländerfeind*; antisemit*;
            frauenfeindlich*; behindertenfeindlich*;
            wegen meiner/unserer/seiner/ihrer hautfarbe/herkunft/religion/behinderung/nationalität; altersdiskrimin*
        """,
        "dispute": """
            rückbuchung/rückbuchen/zurückbuchen/zurückgebucht;
            lastschrift <2> widersprochen/widersprechen/zurückgeholt; käuferschutz <2> fall/eingeschaltet/beantragt
        """,
        "breach": """
            daten/kundendaten/adresse/telefonnummer <4>
            weitergegeben/verkauft/veröffentlicht/gestohlen/missbraucht/geklaut/weitergeleitet;
            datenleck/datenpanne/datenmissbrauch/datenklau/datendiebstahl;
            datenschutzverstoß/datenschutzverletzung/datenschutzvorfall; ~dsgvo; verstoß/verstößt <3> datenschutz*;
            ~gehackt; identitätsdiebstahl/identitätsmissbrauch; ausspioniert/ausspionieren
        """,
        "leave": """
            ich/wir/habe/haben/werde/werden/wird/sofort/hiermit <4> gekündigt/kündigen; kündige/kündigen wir/ich;
            nie/niemals wieder; nie mehr;
            nicht wieder/nochmal/mehr <1> bestellen/buchen/mieten/kaufen/nutzen/abschließen;
            anbieter/versicherung <1> wechseln/gewechselt; deinstall*; konto/account gelöscht/löschen/gekündigt;
            hände weg; finger weg; kunde/kunden verloren
        """,
    }
)
