"""German."""

from collections.abc import Mapping
from typing import Final

APOLOGIES: Final = """
entschuldig*; tut/tun/täte <2> leid; leid tut; bedauer*; verzeih*; um nachsicht; bitte <2> um verständnis; unser
fehler; unser versehen; enttäuscht haben; nicht gerecht geworden; so nicht passieren/vorkommen/laufen dürfen; hätte
<2> nicht passieren/vorkommen
"""
OFFERS: Final = """
kontakt*; melden sie sich; melde dich; meldet euch; melden uns; melde mich; rufen sie; ruf uns; schreiben sie; schreib
uns; schick* <3> uns; senden sie; sende uns; wenden sie sich; wende dich; erreich* <2> uns; uns/mich <2> erreichen;
sprechen sie; sprich uns; setzen <4> in verbindung; setze <4> in verbindung; teilen sie uns; teil uns; lassen sie uns;
gern* <3> weiter; helfen <2> weiter; weiterhelfen; hilfe; klären; kümmern; prüfen; nachgehen; kommen <4> auf sie zu;
stehen <4> zur verfügung; rückmeldung an; kundenservice; hotline; support-forum; forum; per mail/e-mail/telefon/post
"""
BLAME: Final[Mapping[str, str]] = {
    "attack": """
sie/du lügen/lügst/lügt; lüge/lügen; gelogen; unwahr*; unwahrheit*; entspricht/entsprechen nicht der wahrheit;
verleumd*; üble nachrede; rufschädig*; rufmord; schmäh*; unser/unseren/unserem/unsere
anwalt/anwälte/rechtsanwalt/rechtsabteilung; rechtliche schritte; juristische schritte; gerichtlich; anzeige gegen
sie; falsche/haltlose/unberechtigte/absurde <1> behauptung*/anschuldigung*/vorwürfe/bewertung; fake-bewertung;
fakebewertung; konkurrent/mitbewerber/konkurrenz <2> bewertung; ihr/ihre/ihrem/ihrer <1>
unverschämt*/unhöflich*/aggressiv*/frech*/respektlos* <1> verhalten/art/ton/auftreten; sie waren/sind <1>
unverschämt/unhöflich/aggressiv/frech/respektlos/uneinsichtig; leute/kunden/menschen wie sie; schämen sie sich;
unverschämtheit; frechheit
""",
    "your_fault": """
ihre eigene schuld; selbst/selber <1> schuld; ihr eigener fehler; ihr/dein eigenes verschulden; eigenverschulden;
sie/du hätten/hättest <3> lesen/fragen/melden/prüfen/beachten/wissen/sagen/merken müssen/sollen/können; hätten sie <3>
gelesen/gefragt/beachtet/geprüft/gemeldet/informiert; wenn sie <3> gelesen/gefragt/beachtet/geprüft hätten; wer lesen
kann; richtig/genau/aufmerksam <1> lesen/gelesen hätten; sie haben <3> nicht
gelesen/beachtet/verstanden/begriffen/zugehört; sie haben <2> versäumt/ignoriert/verweigert; offensichtlich haben sie;
sie haben offensichtlich/offenbar; bedienungsfehler; anwenderfehler
""",
    "denial": """
nicht unsere/unser schuld/fehler/problem; uns trifft keine; liegt nicht an uns; haben wir nicht zu vertreten; dafür
können wir nichts; wir haben nichts falsch; nie passiert; stimmt so nicht; stimmt einfach nicht; völlig falsch; frei
erfunden
""",
    "others_are_happy": """
niemand sonst <2> beschwer*; kein anderer kunde; keine anderen kunden; alle anderen kunden; andere kunden sind; sie
sind der/die einzige; bisher hat sich niemand
""",
}
GREETINGS: Final = """
hallo; guten tag/morgen/abend; moin; servus; grüezi; grüß gott; liebe/lieber/liebes; sehr geehrte/geehrter/geehrtes;
hallo liebe/lieber; werte/werter
"""
SIGN_OFFS: Final = """
mit freundlichen/freundlichem/besten/lieben/herzlichen grüßen/gruß; freundliche/viele/liebe/beste/herzliche/schöne
grüße; liebe/freundlicher/viele/herzlicher gruß; beste/lieber gruß; mfg; lg; vg; hochachtungsvoll;
ihr/ihre/dein/euer/eure <2> team; ihr team; ihr <1> kundenservice; das <2> team; vielen dank; danke
"""
COMMON: Final = """
aber alle allem allen aller alles als also am an andere anderen anderer auch auf aus bei beim bereits bin bis bist
bitte da dabei dadurch dafuer dagegen daher damit danach dann daran darauf daraus darf darueber darum das dass davon
dazu dein deine dem den denen denn der deren des deshalb dessen die dies diese diesem diesen dieser dieses doch dort
du durch eben ein eine einem einen einer eines einfach einmal er es etwas euch euer eure fuer gab ganz gar geben gegen
geht gemacht genau gerade gern gerne gibt ging hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr
ihre ihrem ihren ihrer immer in indem ins ist ja je jede jedem jeden jeder jedes jedoch jetzt kann kannst kein keine
keinem keinen keiner koennen koennte kommen kommt konnte lassen leider machen mal man mehr mein meine meinem meinen
meiner mich mir mit moechte muss muessen nach nachdem nicht nichts noch nun nur ob oder ohne schon sehr sein seine
seinem seinen seiner seit selbst sich sie sind so sogar solche soll sollte sondern sonst soweit sowie ueber um und uns
unser unsere unserem unseren unserer unter viel viele vielen vom von vor waere wann war waren warum was wegen weil
weiter welche welcher wenig wenn wer werde werden weder wie wieder will wir wird wirklich wo wohl worden wollen wollte
wurde wurden zu zum zur zwar zwischen anliegen antwort bedauern bewertung danke dank entschuldigen entschuldigung
erfahrung feedback firma freuen freundlich freundlichen gruessen gruesse gut gute guten hilfe hoffen kontakt
kontaktieren kunde kunden leid melden mitteilung problem probleme produkt rueckmeldung service tag tage team tut
unternehmen verstaendnis zeit
"""
