"""Italian."""

from collections.abc import Mapping
from typing import Final

APOLOGIES: Final = "scus*; spiac*; dispiac*; rammaric*; perdon*; chiediamo venia"
OFFERS: Final = """
contatt*; scriv*; chiam*; telefon*; ci faccia sapere; facci sapere; ci dica; segnal*; assistenza; supporto; forum;
disposizione; aiut*; verific*; richiamer*; ricontatt*; servizio clienti; invi* <2> email/e-mail/messaggio
"""
BLAME: Final[Mapping[str, str]] = {
    "attack": """
lei mente; menzogn*; bugi*; diffam*; calunni*; nostro avvocato; nostri avvocati/legali; vie legali; recensione falsa;
false <1> accuse; accuse false; sua maleducazione; gente/clienti come lei; un concorrente
""",
    "your_fault": """
è colpa sua/tua; sua/tua colpa; avrebbe/avresti dovuto; se avesse/avessi <1> letto/chiesto/controllato; non ha/hai <1>
letto/capito/ascoltato; si è rifiutato/rifiutata
""",
    "denial": "non è colpa nostra; non è nostra responsabilità; non siamo responsabili; è falso; non è mai successo",
    "others_are_happy": "nessun altro cliente; tutti gli altri clienti; lei è l'unico/l'unica",
}
GREETINGS: Final = "ciao; buongiorno; buonasera; salve; gentile; caro/cara; egregio; spettabile"
SIGN_OFFS: Final = """
cordiali/distinti saluti; cordialmente; saluti; un saluto; buona giornata; il team <3>; lo staff <3>; grazie
"""
COMMON: Final = """
a ad agli ai al alla alle allo anche ancora avere aveva avete c che chi ci come con contro cosa cui da dagli dai dal
dalla dalle dallo degli dei del della delle dello dentro di dopo dove e ed era erano essere fa fare fatto fino fra gli
ha hai hanno ho i il in io la le lei li lo loro lui ma me meno mi mia mie miei mio molto ne negli nei nel nella nelle
nello niente no noi non nostra nostre nostri nostro o ogni oltre per perche pero piu poco poi prima puo qua quale
quando quanto quasi quella quelle quelli quello questa queste questi questo qui quindi sa se sei sempre senza si sia
siamo siete solo sono sopra sotto sta stata stati stato su sua sue sui sul sulla sulle suo suoi tanto te ti tra tu tua
tue tuo tuoi tutta tutte tutti tutto un una uno va vi voi volta vostra vostre vostri vostro assistenza ciao cliente
clienti contattare dispiace esperienza grazie messaggio prodotto problema problemi recensione saluti scuse servizio
squadra team tempo
"""
