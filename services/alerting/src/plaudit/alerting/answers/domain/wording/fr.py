"""French."""

from collections.abc import Mapping
from typing import Final

APOLOGIES: Final = """
désolé/désolée/désolés/désolées; navré/navrée/navrés; excus*; pardon; regrett*; regret/regrets; toutes nos excuses
"""
OFFERS: Final = """
contact*; écrivez/écrire <2> nous; écrivez-nous; écrire; appelez; appelez-nous; joindre; joignez; n'hésitez;
dites-nous; faites-nous; envoyez; adressez; rapproch*; revenir vers vous; reviendrons vers; reviens vers; à votre
disposition; à votre écoute; vous aider; aider; assistance; forum; support; service client; vous recontact*; vérifier;
examiner; enquêt*
"""
BLAME: Final[Mapping[str, str]] = {
    "attack": """
vous mentez; mensong*; diffam*; calomni*; notre avocat; nos avocats; poursuites; faux avis; fausse/fausses <1>
allégation*/accusation*/affirmation*; propos mensongers; de mauvaise foi; votre mauvaise foi; votre/vos <1>
agressivité/impolitesse/incivilité; des gens/clients comme vous; un concurrent
""",
    "your_fault": """
votre faute; votre propre faute/erreur; c'est vous qui; vous auriez dû/pu; vous avez omis/refusé/négligé/ignoré; vous
n'avez pas <1> lu/respecté/compris/écouté; si vous aviez <1> lu/vérifié/demandé/respecté; il fallait lire; vous n'avez
qu'à
""",
    "denial": """
pas notre faute; pas de notre faute; n'y sommes pour rien; n'est pas de notre responsabilité; nous ne sommes pas
responsables; c'est faux; totalement faux; jamais arrivé
""",
    "others_are_happy": """
aucun autre client; tous les autres clients; tous nos autres clients; vous êtes le seul/la seule
""",
}
GREETINGS: Final = "bonjour; bonsoir; salut; cher/chère/chers/chères; madame; monsieur; coucou"
SIGN_OFFS: Final = """
cordialement; bien cordialement; bien à vous; sincèrement; salutations; sincères/meilleures salutations; l'équipe <3>;
votre équipe; à bientôt; bonne journée; merci
"""
COMMON: Final = """
ai aie ainsi alors apres au aucun aucune aujourdhui aussi autre autres aux avait avant avec avez avoir avons bien bon
bonne car ce ceci cela celle celui ces cet cette chez comme comment dans de depuis des deux dire dit doit donc dont du
elle elles en encore entre est et etaient etait etant ete etes etre eu eux faire fait faites fois font ici il ils jai
je jusqua la le les leur leurs lui ma mais me meme mes moi moins mon ne ni nos notre nous on ont ou par parce pas
pendant peu peut peuvent plus plusieurs pour pourquoi pouvez pouvoir pouvons quand que quel quelle quelles quels qui
quoi sa sans se sera ses si son sont sous sur ta tant te tes toi ton toujours tous tout toute toutes tres trop tu un
une vers voici voir vos votre vous vrai avis bonjour client clients commentaire contacter desole desoles entreprise
equipe excuses experience merci message navre probleme problemes produit retour service temps
"""
