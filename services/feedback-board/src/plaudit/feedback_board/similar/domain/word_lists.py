"""Words that say nothing of what a request is about, and words that say the opposite of each other. All are folded."""

from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


GRAMMAR: Final = _words("""
    a about all also am an and any anything are as at be because been being but by can cannot cant could dont do does
    each either else etc every few for from get gets had has have having he her here hers him his how i id if ill im in
    instead into is isnt it its ive just lets many may me might more most much must my need needed needs no not of
    on one only or other our ours ourselves out over own per rather same she should so some such than that the their
    them then there these they this those though to too us use used using very via want wants was we were what when
    where which while who whose why will wish with within without would you your yours
    aber alle allem allen aller alles als also am an andere anderen anderer auch auf aus bei beim bin bis bitte das
    dass dem den der des die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines
    er es etwas euch euer fuer gegen gern gerne gibt habe haben hat hier ich ihr ihre ihrem ihren ihrer im immer in ist
    jede jedem jeden jeder jedes kann kein keine keinen koennen koennte man mehr mein meine mich mir mit moechte muss
    nach nicht nur ob oder ohne sehr sein seine sich sie sind so sollte ueber um und uns unser unsere vom von vor waere
    wann warum was weil wenn werden wie wir wird wo wuerde zu zum zur
""")
ASKING: Final = _words("""
    ability add allow enable feature features improve improvement like new option options please possibility possible
    provide request requests setting settings suggestion support supports
    einbauen ergaenzen ermoeglichen feature funktion hinzufuegen moeglich moeglichkeit option unterstuetzen
    unterstuetzung verbessern vorschlag wunsch wuensche
""")
"""How people ask, whatever it is."""
REVIEWING: Final = _words("""
    again app bad before came come elsewhere fix go going good got just last made make now really still take
    then thing things time today update version went work works year years
    app aktuell anderswo gut immer jahr jahre jetzt leider schlecht version wieder zeit
""")
"""What reviews say of anything."""

OPPOSITES: Final = (
    ("hide", "show"),
    ("enable", "disable"),
    ("add", "remove"),
    ("open", "close"),
    ("vertical", "horizontal"),
    ("import", "export"),
    ("light", "dark"),
    ("lock", "unlock"),
    ("expand", "collapse"),
    ("start", "stop"),
    ("before", "after"),
    ("left", "right"),
    ("up", "down"),
    ("undo", "redo"),
    ("allow", "prevent"),
    ("automatic", "manual"),
    ("automatically", "manually"),
    ("on", "off"),
    ("ausblenden", "einblenden"),
    ("verstecken", "zeigen"),
    ("aktivieren", "deaktivieren"),
    ("hinzufuegen", "entfernen"),
    ("oeffnen", "schliessen"),
    ("vertikal", "horizontal"),
    ("importieren", "exportieren"),
    ("hell", "dunkel"),
    ("sperren", "entsperren"),
    ("aufklappen", "zuklappen"),
    ("starten", "stoppen"),
    ("vor", "nach"),
    ("links", "rechts"),
    ("automatisch", "manuell"),
    ("with", "without"),
    ("mit", "ohne"),
)
"""Two titles that differ in these ask for opposite things, however alike they are."""
