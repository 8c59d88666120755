"""English."""

from collections.abc import Mapping
from typing import Final

APOLOGIES: Final = """
sorry; apolog*; regret <2> that/to/your/the/any/this; we/i regret; please accept our <2> regrets; forgive us/me;
excuse us; pardon us; our/my mistake/fault; we/i let you down; we/i fell short; we/i should have <1> done/been/told;
not the <2> experience we; mea culpa
"""
OFFERS: Final = """
contact us/me/our/support; get/be in touch; in touch with; reach out; reaching out; reach us/me/our; call us/me/our;
give us a call; call at; phone us; email us/me; e-mail us/me; mail us; write to us/me; write us; message us/me; dm
us/me; send us/me; let us/me know; drop us a line; chat with us; talk to us; speak with/to us/me/our/one; visit
us/our; file a bug/ticket; open a ticket/bug; submit a/an <2> ticket/request/appeal/bug/report; support
forum/page/site/centre/center/team; help centre/center/desk; we/i/we'll/i'll will? <1>
call/contact/email/write/reply/follow <2> you/up; look into/forward; looking into; investigat*; follow up;
happy/glad/able to help; here to help; help you; ask us/me; tell us/me
"""
BLAME: Final[Mapping[str, str]] = {
    "attack": """
you are/were lying; you're lying; you lied; your lies; a/this/that/is/pure lie/lies; this is not true; not true at
all; untrue/false/baseless/unfounded/misleading/malicious/fake <1>
claim/claims/review/allegation*/accusation*/statement*/comment*; your claim* is/are false/untrue/wrong/baseless;
defam*; slander*; libel*; libellous; our/my lawyer*/attorney*/solicitor*; take/taking/pursue/pursuing legal
action/steps; sue you; see you in court; you are/were
rude/abusive/unreasonable/ridiculous/wrong/mistaken/confused/ignorant/aggressive/hostile/dishonest/impatient; you're
rude/abusive/unreasonable/ridiculous/wrong/mistaken/confused/ignorant/aggressive/hostile/dishonest; your
rude/abusive/unreasonable/aggressive/hostile/disrespectful/ridiculous <1>
behaviour/behavior/tone/attitude/conduct/message*/email*/demand*; people like you; customers like you;
probably/clearly/obviously a competitor; are you a competitor; never been a/our customer; shame on you; grow up; do
not come back; please go elsewhere; take your business elsewhere; we are glad/happy to see you go; we're glad/happy to
see you go
""",
    "your_fault": """
your own fault; it is/was your fault; it's your fault; your own
mistake/error/carelessness/negligence/choice/doing/responsibility; you only have yourself; you have only yourself; you
failed/refused/neglected to; you should/could/ought <1> have/to <1>
read/checked/asked/told/known/called/noticed/informed/mentioned/followed/contacted/waited; you should know; you
should've; if you had <1> read/checked/asked/followed/told/listened/bothered; if you'd <1>
read/checked/asked/followed/told/listened/bothered; had you <1> read/checked/asked/followed/told; did/didn't you
even/not? <1> read; you didn't/never even? bother*; you did not even? bother*; next time <1> read; you didn't/never
<1> read the/our/your; you did not <1> read the/our/your; learn to; you clearly/obviously/simply/apparently
did/didn't/do/don't/have/haven't/are/were/misunderstood/ignored/missed/forgot; because you
didn't/failed/ignored/forgot; because you did not; you ignored our/the; you misused; user error; you misread
""",
    "denial": """
we did nothing wrong; we have done nothing wrong; we've done nothing wrong; nothing wrong on our; not our
fault/problem/responsibility; we are not responsible/liable; we're not responsible/liable; not to blame; that is not
our; that's not our; this/that never happened; we/i do not/don't/cannot/can't see <2> problem here; we have no record
of you; we've no record of you; is/are simply not true/possible/accurate
""",
    "others_are_happy": """
nobody else <2> complain*/has/had; no one else <2> complain*/has/had; no other customer*/guest*/user*; all/every <1>
other/our customer*/guest*/user* <1> is/are/was/were/love*/happy/satisfied; you are the only one/person; you're the
only one/person; works fine for everyone; everyone/everybody else
""",
}
GREETINGS: Final = """
hi; hello; hey; dear; good morning/afternoon/evening/day; greetings; hi there; hello there; dear valued
"""
SIGN_OFFS: Final = """
kind/kindest/best/warm/warmest regards; regards; best wishes; with best wishes; all the best; sincerely; yours
truly/sincerely/faithfully; cheers; warmly; respectfully; many thanks; thanks; thanks again; thank you; best; your <3>
team; the <3> team; team; your <3> support
"""
COMMON: Final = """
a about above after again against all also although always am an and another any anything are around as at away back
be because been before being below between both but by came can cannot cant come could couldnt did didnt do does
doesnt doing done dont down each either else even ever every everything few first for from further get gets getting
give given go goes going gone got had has hasnt have havent having he her here hers him his how however i if im in
into is isnt it its itself ive just keep kept know last least less let like made make makes making many may maybe me
might more most much must my myself never new next no none nor not nothing now of off often on once one only onto or
other others our out over own perhaps please put quite rather really right said same say see seem seems she should
since so some something soon still such take taken than that thats the their them then there these they thing things
think this those though through thus till to together too took toward try trying two under until up upon us use used
using very via want wanted was wasnt way we well went were weve what when where whether which while who whom whose why
will with within without wont would year years yes yet you your youre yours able answer apologies apologise apologize
app appreciate assist business company contact customer customers day days email experience feedback feel forward good
great happy hear help hope improve information issue issues kind look looking love matter message nice opinion people
please problem problems product read reach regards regret reply resolve response review reviews sent service share
sincerely sincere sorry support team thank thanks time today touch trouble understand update user users valued version
week work working works write
"""
