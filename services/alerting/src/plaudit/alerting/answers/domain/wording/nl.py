"""Dutch."""

from collections.abc import Mapping
from typing import Final

APOLOGIES: Final = "sorry; spijt; excuses; excuus; verontschuldig*; betreur*; vervelend <3> dat/om; jammer"
OFFERS: Final = """
contact*; neem/neemt <2> contact; bel ons; bellen; mail ons; mailen; schrijf ons; stuur ons; laat <2> weten; laten
weten; helpen; hulp; klantenservice; ondersteuning; forum; bereik*; uitzoeken; onderzoek*; nakijken; terugkomen; nemen
<3> op
"""
BLAME: Final[Mapping[str, str]] = {
    "attack": """
u liegt; je liegt; leugen*; laster*; smaad; onze advocaat; juridische stappen; valse <1> beschuldiging*/review; uw
onbeschofte; onbeschoft* <1> gedrag/toon; mensen/klanten zoals u; een concurrent
""",
    "your_fault": """
uw/je eigen schuld/fout; u had <3> moeten/kunnen; had u <3> moeten/kunnen; als u <3> gelezen/gevraagd had; had
gelezen; u heeft <3> niet gelezen/begrepen/geluisterd; u weigerde
""",
    "denial": """
niet onze schuld/fout; wij zijn niet verantwoordelijk/aansprakelijk; klopt niet; is onwaar; nooit gebeurd
""",
    "others_are_happy": "geen enkele andere klant; alle andere klanten; u bent de enige; niemand anders",
}
GREETINGS: Final = "hoi; beste; geachte; goedemorgen; goedemiddag; goedenavond; goedendag; dag"
SIGN_OFFS: Final = """
met vriendelijke/hartelijke groet/groeten; vriendelijke/hartelijke groet/groeten; groeten; groetjes; het team <3>;
dank u; bedankt
"""
COMMON: Final = """
aan al alle alleen als altijd ander andere bij daar dan dat de deze die dit doch doen door dus echt een en er even
gaan gaat geen geweest had heb hebben heeft hem het hier hij hoe hun iets ik in is ja je jij jou jouw jullie kan kon
kunnen maar maken me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons onze ook op over re s
te tegen tijd toch toen tot u uit uw van veel voor waar waren was wat we weer wel welk wie wij wil worden wordt zal ze
zeer zelf zich zij zijn zo zonder zou bedankt bedrijf beoordeling contact dank ervaring excuses groet hulp klant
klanten probleem problemen product reactie review service sorry team vervelend
"""
