"""Spanish."""

from collections.abc import Mapping
from typing import Final

APOLOGIES: Final = "lament*; disculp*; siento/sentimos <2>; perdón; perdona/perdone/perdonen; pedimos perdón; apenad*"
OFFERS: Final = """
contact*; escrib*; escríb*; llám*; llama/llame/llamar/llamarnos; póngase; ponte; pónganse; comun*; cuént*; díg*;
dinos; avís*; háznos*; haznos; envía*; envíe*; ayudar*; ayud*; soporte; foro; atención al cliente; a su/tu
disposición; revisar*; investig*; nos pondremos; le/te llamaremos
"""
BLAME: Final[Mapping[str, str]] = {
    "attack": """
usted/tú miente/mientes; mentira*; difam*; calumni*; nuestro abogado; nuestros abogados; acciones legales; reseña
falsa; falsas <1> acusaciones; acusaciones falsas; su/tu mala educación; gente/clientes como usted/tú; un competidor
""",
    "your_fault": """
su/tu propia culpa; es culpa suya/tuya; por su/tu culpa; debió/debería/deberías/debiste haber; si hubiera/hubieras <1>
leído/preguntado/revisado; no ha/has <1> leído/entendido/escuchado; usted se negó; no quiso escuchar
""",
    "denial": "no es nuestra culpa; no es culpa nuestra; no somos responsables; es falso; eso nunca ocurrió/pasó",
    "others_are_happy": "ningún otro cliente; todos los demás clientes; es usted el único; eres el único",
}
GREETINGS: Final = (
    "hola; buenos días; buenas tardes/noches; buenas; estimado/estimada/estimados; querido/querida; apreciado"
)
SIGN_OFFS: Final = """
saludos; un saludo; saludos cordiales; atentamente; cordialmente; un abrazo; el equipo <3>; gracias; muchas gracias
"""
COMMON: Final = """
al algo algun alguna algunas alguno algunos ante antes aqui asi aun aunque bien cada casi como con contra cual cuando
cuanto de del desde donde dos durante el ella ellas ellos en entre era eran es esa ese eso esos esta estaba estan
estar estas este esto estos estoy fue fueron gran ha hace hacer hacia han has hasta hay he hemos la las le les lo los
mas me mi mis mismo muy nada ni no nos nosotros nuestra nuestras nuestro nuestros o otra otras otro otros para pero
poco por porque puede pueden pues que quien quiere se sea ser si sido siempre sin sino sobre solo son soy su sus tal
tambien tan tanto te tener tengo ti tiene tienen toda todas todo todos tu tus un una uno unos usted ustedes va vez voy
y ya yo atencion ayuda ayudar cliente clientes comentario contactar contacto disculpas empresa equipo experiencia
gracias hola lamentamos mensaje opinion problema problemas producto saludos servicio tiempo
"""
