"""Words that form no terms: those of grammar, opinions, words of any process, and given names.

Stop words begin from the lists of the package stop-words (BSD-3-Clause), shortened by words that name a
subject. All are folded: lower case, ä as ae, no apostrophes.
"""

from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ENGLISH: Final = _words("""
    a about above across actual actually after afterwards again against ago ah ain all almost alone along already
    also although always am among an and another any anybody anyhow anymore anyone anything anyway anywhere apart
    are arent around as aside at b back be became because become becomes been before beforehand behind being below
    beside besides best better between beyond both but by came can cannot cant certain certainly clearly come comes
    coming could couldnt currently day days definitely did didnt do does doesnt doing done dont down downwards due
    during each either else elsewhere enough entirely especially etc even ever every everybody everyone everything
    everywhere exactly except far few first five for former four from further gave get gets getting give given gives
    giving go goes going gone got gotten had hadnt hardly has hasnt have havent having he hed hell hello hence her
    here hers herself hes hi him himself his hour hours how however hundred i id if ill im in indeed inside instead
    into is isnt it itd itll its itself ive just keep keeps kept kind knew know known knows last lately less lest
    let lets like likely little ll long longer look looked looking looks lot lots made mainly make makes making many
    may maybe me meanwhile merely might mine minute minutes month months more moreover most mostly much must my
    myself namely near nearly need needed needs neither never nevertheless next nine no nobody non none noone nor
    normally not nothing now nowhere obviously of off often oh ok old on once one ones only onto or other others
    otherwise ought our ours ourselves out outside over overall own per perhaps plus possible possibly prior
    probably put quite rather re really recently regarding regards right round s said same saw say saying says
    second see seeing seem seemed seems seen self selves seven several shall she shed shell shes should shouldnt
    since six so some somebody somehow someone something sometime sometimes somewhat somewhere soon still such sure
    t take taken tell ten than that thatll thats the their theirs them themselves then there therefore theres these
    they theyd theyll theyre theyve thing things think thinks this those though thousand three through throughout
    thru thus time times to today together told tomorrow too took toward towards tried tries truly try trying twice
    two u under unless until up upon us use used uses using usually ve various very via was wasnt way ways we wed
    week weeks well went were werent weve what whatever whats when whenever where whereas wherever whether which
    while who whoever whole whom whose why will willing with within without wont would wouldnt year years yes
    yesterday yet you youd youll your youre yours yourself yourselves youve monday tuesday wednesday thursday friday
    saturday sunday january february march april june july august september october november december morning
    evening tonight mr mrs ms miss sir madam dr prof
""")
GERMAN: Final = _words("""
    aber alle allem allen aller alles allerdings als also am an ander andere anderem anderen anderer anderes anders
    auch auf aus ausser bei beim beide beiden bereits bin bis bisher bist bzw da dabei dadurch dafuer dagegen daher
    dahin damals damit danach daneben dann daran darauf daraus darf darueber darum das dass dasselbe davon davor
    dazu dein deine deinem deinen deiner dem den denen denn dennoch der deren derselbe des deshalb dessen dich die
    dies diese dieselbe diesem diesen dieser dieses dir doch dort drei du duerfen durch durchaus eben ebenfalls eher
    eigentlich ein eine einem einen einer eines einfach einig einige einigem einigen einiger einiges einmal endlich
    ende er erst erste ersten es etwa etwas euch euer eure eurem euren eurer fast fuer fuenf gab ganz ganze ganzen
    gar geben gegen gehabt gehen geht gemacht genau gerade gern gerne gesagt geworden gewesen gibt ging gleich hab
    habe haben hat hatte hatten haette haetten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im
    immer immerhin in indem innerhalb ins inzwischen irgendwie irgendwann ist ja jahr jahre jahren jahrelang je jede
    jedem jeden jeder jederzeit jedes jedoch jemand jene jetzt kam kann kannst kaum kein keine keinem keinen keiner
    keines keinerlei koennen koennte koennten kommen kommt konnte konnten kurz kurzem laengst lange langer lassen
    leider letzte letzten letztes liegt machen macht mal man manche manchem manchen mancher mehr mehrere mehreren
    mehrfach mehrmals mein meine meinem meinen meiner meines meist mich mir mit moechte mochte moeglich monat monate
    monaten morgen muss muesste muessen musste mussten nach nachdem nachher naja naechste naechsten natuerlich neben
    nein nicht nichts nie niemand niemals noch nochmal nun nur ob obwohl oder oft ohne paar rund sagen sagte schon
    sehr seid sein seine seinem seinen seiner seines seit seitdem seite selber selbst sich sicher sie sieht sind so
    sobald sofort sogar solange solch solche solchem solchen soll sollen sollte sollten somit sondern sonst soweit
    sowie sowohl spaeter statt stets stunde stunden tag tage tagen trotz trotzdem tun ueber ueberhaupt um und uns
    unser unsere unserem unseren unserer unter viel viele vielen vielleicht vier voellig vom von vor vorher wann war
    waren warst warum was weder wegen weil weiter weitere weiteren weiterhin welche welchem welchen welcher welches
    wenig wenige weniger wenn wer werde werden werdet weshalb wie wieso will wir wird wirklich wirst wo woche wochen
    woher wohl wollen wollte wollten worden wurde wurden wuerde wuerden zehn zu zudem zuerst zuletzt zum zumindest
    zunaechst zur zurueck zwar zwei zwischen montag dienstag mittwoch donnerstag freitag samstag sonntag januar
    februar maerz mai juni juli oktober dezember heute gestern herr herrn frau uhr bitte usw ggf
""")
OPINION: Final = _words("""
    absolutely abysmal abzocke actually amazing angry annoyed annoying appalling apparently appreciate arrogant
    atrocious avoid away awesome awful bad basically besser best beste betrug better beware business care cares
    complete completely crap crooks danke definitely disappointed disappointing disappointment disgusting dishonest
    easy empfehlen empfehlenswert enttaeuschend enttaeuscht evil excellent fantastic finger fraud fraudulent
    frechheit frustrated frustrating frustration garbage glad good grateful great greedy gut gute guter gutes guy
    guys happy hate highly honestly hope horrendous horrible incompetent inkompetent joke katastrophe liars lie lied
    lies literally lol love loved lovely lying miserabel nice nie nightmare ok okay omg pathetic perfect pleasant
    please pleased poor recommend recommended ridiculous rip ripoff rude run sad scam scammed scammers schlecht
    schlechte schlechter schlechteste seriously shady shame shit simply smooth sorry stay stupid suck sucks super
    terrible thank thanks thieves toll total totally trash unacceptable unfaehig unfortunately unprofessional
    unverschaemt upset useless warning waste weg wieder wish wonderful worse worst worth wow zero
""")
"""What separates bad from good perfectly, and says nothing of the subject."""
GENERIC: Final = _words("""
    able although ask asked asking bad because begin begun believe bit bought buy calling case change changed
    compared consider considered continue continued couple decide decided despite different dollars end ended even
    fact few file filed finally full great guess half happen happened happens however idea issue issues later leave
    left list literally matter mean means multiple new next note offered old part person point previous provide
    provided providing purchased reach reached read reading real reason reasons receive received reply request
    requested response send sent several share show showed since single situation speak spoke start started state
    stated stating takes taking talk thought told trust turn turned unable understand update updated whole within
    without
""")
"""Words of any process: they are said of everything."""
STREETS: Final = ("strasse", "straße", "str", "allee", "platz", "gasse", "weg", "damm", "ufer")
"""How names of streets end in German; a number follows them in an address."""
TITLES: Final = _words("mr mrs ms miss sir madam dr prof herr herrn frau hr fr lord lady")
"""What stands before the name of a person."""
GIVEN_NAMES: Final = _words("""
    aaron abigail adam adrian ahmed aisha alan albert alejandro aleksandra alex alexander alexandra alexis alfred
    ali alice alicia alina alison amanda amelia amy ana anastasia andre andrea andreas andrew angela angelika anita
    anja anke ann anna anne annette annika anthony antonia antonio anton arthur ashley astrid axel barbara bastian
    beate beatrice ben benjamin bernard bernd bernhard beth bettina bianca birgit bjoern bradley brandon brenda
    brian bridget britta bruce bryan cameron carl carla carlos carmen carol caroline carolin carsten catherine cathy
    cecilia charlene charles charlie charlotte chloe christa christian christiane christina christine christoph
    christopher claire clara claudia colin connor constantin craig cynthia daniel daniela danielle darren dave david
    deborah debbie denis denise dennis derek detlef diana diane dieter dirk dominic dominik donald donna doris
    dorothy douglas duncan dylan edith eduard edward eileen elena eleanor elias elisabeth elizabeth elke ella ellen
    emily emma emilia enrico eric erica erik erika esther eva evelyn fabian fatima felix ferdinand fiona florian
    frances francesca francis franziska fred frederick friedrich fritz gabriel gabriele gareth gary gavin geoffrey
    george georg gerald gerhard gillian gisela giulia gordon graham greg gregor gregory greta guenter gudrun hannah
    hannes hans harald harry hassan heather heidi heike heiko heinrich heinz helen helena helga helmut henry herbert
    hermann holger horst howard hugh ian ibrahim ilona ines inge ingrid irene irina iris isabel isabella isabelle
    ivan jacob jacqueline jake jakob james jamie jan jana jane janet janice janine jasmin jason javier jeff jeffrey
    jennifer jenny jens jeremy jerry jessica jill jim joachim joan joanna joanne jochen joe joel johan johanna
    johannes john jon jonas jonathan jordan jorge jose josef joseph joshua juan judith judy juergen julia julian
    juliane julie justin kai karen karin karl karla karsten kate katharina kathrin katherine kathleen kathy katie
    katja katrin keith kelly ken kenneth kerstin kevin kim kimberly kirsten klaus konrad kristin kristina kurt kyle
    lara larry laura lauren lea lena leo leon leonie leonard leonhard leslie lewis liam lina linda lisa lothar louis
    louise luca lucas lucia lucy luis luisa luise lukas lutz lydia maggie malcolm manfred manuel manuela marcel
    marco marcus margaret margarete maria marianne marie mario marion marlene martha martin martina marvin mary
    mathias matt matthew matthias maureen maurice maximilian megan melanie melissa mia michael michaela michel
    michelle miguel mike mila miriam mohamed mohammed monica monika moritz muhammad nadine nadja nancy natalia
    natalie natasha nathan neil nelson nicholas nick nicola nicole nicolas niklas nina noah nora norbert norman
    oliver olivia olga oscar oskar otto owen pablo pamela patricia patrick paul paula pauline pedro peggy peter
    petra philip philipp phillip phil pia priya rachel rafael rainer ralf ralph ramona raymond rebecca regina
    reinhard reinhold renate rene ricardo richard rita robert roberto robin roger roland rolf ronald rosemary ross
    roswitha roy rudolf russell ruth ryan sabine sabrina sally sam samantha samuel sandra sara sarah sascha scott
    sean sebastian sharon sheila shirley sibylle sigrid silke silvia simon simone sina sofia sonja sophia sophie
    stacey stanley stefan stefanie steffen stella stephan stephanie stephen steve steven stuart susan susanne
    suzanne svenja sven sylvia tamara tanja tara tatjana ted terry teresa theo theodor theresa thilo thomas thorsten
    tiffany tim timo timothy tina tobias toby todd tom tony torsten tracy trevor udo ulrich ulrike ursula ute uwe
    valentin valerie vanessa vera verena veronica veronika victor victoria vincent vivian volker walter waltraud
    wendy werner wilhelm william willi wolfgang xavier yvonne yasmin zachary zoe
""")
"""Frequent ones in English and German that are not also words, as Mark, Grace and Ernst are."""
