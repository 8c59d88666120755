"""What reviews in English say of drastic things, by category.

`domain/phrases.py` explains how phrases are written.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SEVERITY_EN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "safety": """
            unsafe !site/website/connection/browser; ~dangerous/dangerously; ~danger to; death trap; fire hazard/risk;
            caught/catch/catches/catching fire; burst into flames; set on? fire;
            ~house/kitchen/electrical/engine/battery fire; ~explode/exploded/exploding/explodes/explosion;
            electrocut*; electric shock; gas leak; carbon monoxide; food poisoning; ~poisoned; ~salmonella; bed bugs;
            bedbugs; black mold/mould; ~anaphyla*; safety hazard/risk/issue/issues/concern/concerns/violation/recall;
            ~health hazard/risk; choking hazard; brakes/brake/steering failed/failure/gave; brakes <2> not work*;
            no brakes; tire/tyre blew/blowout/exploded; bald tire/tires/tyre/tyres; life/lives in/at danger/risk;
            fear/feared/fearing for my/our/her/his life/lives/safety;
            ~could/would/might have been/gotten killed/hurt/injured; ~could/would/might have died/crashed; could kill;
            ~nearly/almost killed/died/crashed; risk/risked/risking my/our/your/their life/lives;
            ~i/we/someone/passenger/child/baby/son/daughter/wife/husband was/were/got/is/are badly/seriously?
            injured/hurt; injured/hurt me/us/myself; ended up in/at the? er; sent me/us to the? hospital/er;
            i/we/son/daughter/child/baby/wife/husband/mother/father/mom/mum/dad/friend was/were/got/been
            hospitalized/hospitalised;
            ~in/into/to/at the? hospital/er/icu !bill/bills/cash/cover/coverage/stay/stays/visit/visits;
            ~to/in/into/at the? emergency room/department/ward; ~intensive care; ~ambulance/ambulances;
            ~paramedic/paramedics; ~broke/broken/fractured/breaking my
            arm/leg/foot/ankle/wrist/hand/finger/hip/knee/rib/ribs/nose/back/neck/shoulder/tooth/teeth;
            ~i/we needed/had/got <2> stitches; ~concussion/concussed; ~unconscious; ~life threatening;
            felt/feel/feeling unsafe;
            assaulted/assaulting; physically attack*/threaten*; threatened me/us/my; ~suicid*; self harm; endanger*
        """,
        "legal": """
            lawsuit*; law suit/suits; class action; legal action/actions; legal proceedings;
            take/taking/took <2> legal; suing; sued; will/would/to/could/can/should/gonna/must/ill/might/may sue;
            sue them/you/this/these/for/your; take/taking/took/taken/bring <3> court; see you in court;
            small claims <1> court/tribunal/judge/action; ~court case/order/date; lawyer/lawyers; attorney/attorneys;
            solicitor/solicitors; ~legal counsel/advice; press/pressing/file/filing/filed charges; ~police report;
            ~call*/contact*/report*/involv* <3> police; ombudsman; trading standards; consumer protection;
            better business bureau; ~bbb; insurance commissioner/commission;
            department/dept/commissioner/board of insurance; state insurance; federal trade commission; ftc; cfpb;
            attorney generals/general; report*/complain*/complaint <4> regulator/regulators/authority/authorities/fca;
            litigation; cease and desist; ~illegal/illegally; ~against the law
        """,
        "fraud": """
            scam/scams/scammed/scammer/scammers/scamming/scammy/scaming/scamed/scamer/scamers; ~sham;
            charlatan/charlatans; ~bad faith;
            fraud/frauds/fraudulent/fraudulently/fraudster/fraudsters/defraud/defrauded/defrauding;
            con artist/artists/men; ~rip off/offs !the/it; ~ripoff/ripoffs;
            ~get/gets/getting/got/be/being/been/feel/felt/you/i/we/people/everyone ripped off;
            ~ripped/ripping/rips/rip me/us/you/people/customers/everyone/them/folks off; stole my/our/from/money;
            stole <3> money/deposit/dollars; ~steal/steals/stealing <2> money/deposit/from; ~stealing your/my/our;
            thief/thieves/thieving; ~theft; ~robbed/robbery/robbing/robbers; ~crook/crooks/crooked;
            ~criminal/criminals !record/records/background/violations/check/history; ponzi; pyramid scheme; ~swindl*;
            embezzl*; extort/extorted/extorting/extortion; ~bait and switch;
            unauthorized/unauthorised charge/charges/transaction/transactions/payment/payments/withdrawal/debit;
            charge/charged/charges/charging/debited/withdrew <5> without <2>
            permission/consent/authorization/authorisation/approval/knowledge;
            fake company/business/site/website/insurance; ~phishing; ~predatory; ~deceptive/deceptively; racketeering
        """,
        "discrimination": """
            racis*; ~racial*; discriminat*; sexist/sexism; homophob*; transphob*; antisemit*; islamophob*; xenophob*;
            bigot/bigots/bigoted; misogyn*; ageism/ageist; ableism/ableist; hate speech;
            sexual*/racial* harass*/abus*; sexually assault*;
            because i/im/we/he/she/my/of am/is/are/was/were? my/our?
            black/asian/muslim/jewish/gay/lesbian/trans/disabled/hispanic/latino/african/indian/foreign/foreigner/
            race/skin/accent/disability/gender/religion/nationality/ethnicity; wheelchair <4> refus*/denied;
            refus*/denied <4> wheelchair; service dog refus*/denied
        """,
        "dispute": """
            chargeback/chargebacks; charge back;
            dispute/disputed/disputing <3> charge/charges/payment/payments/transaction/bank/card/paypal;
            report*/call*/contact* <3> credit card/bank
        """,
        "breach": """
            data/privacy/security/gdpr breach/breaches/leak/leaked/violation/violations;
            breach of <2> data/privacy/gdpr/confidentiality; breach* <3> privacy/confidentiality;
            leak/leaked/leaking/leaks/expose/exposed/exposes/sold/sell/selling/sells/shared/shares/sharing/compromised
            <2> my/our/your/personal/private/customer/customers/user/users <2>
            data/information/info/details/email/emails/number/numbers/address;
            gave/give/giving out/away <1> my/our <3> data/information/info/details/email/number/address;
            personal/private/my/our data/information/info/details <2> leaked/exposed/stolen/compromised/sold/shared;
            identity theft; stole/stolen/steal <2> identity/identities/password/passwords; ~hacked/hacker/hackers;
            account/card/email/data <3> compromised; ~spyware; ~malware; invasion of privacy; ~gdpr; doxx*;
            someone/somebody/person elses account/data/policy/information/details/invoice
        """,
        "leave": """
            cancel*/canceled/cancelled/cancelling/canceling my/our/the/this/with/it/them/because/immediately/today <1>
            policy/policies/account/subscription/membership/contract/insurance/coverage/plan;
            i/we/ill/im/weve/ive/just cancelled/canceled/cancelling/canceling; will/am/be cancelling/canceling;
            never/not <3> again; never use/rent/book/buy/order/return/deal/trust/shop;
            wont/wouldnt be? back/returning/renewing/using;
            switch*/moving/moved/going/changing/changed to another/other/different/competitor/competitors;
            taking/take/took my/our business <1> elsewhere;
            look*/find*/search* for? another/alternative/alternatives/different/elsewhere
            company/insurance/insurer/provider/browser/app/platform/service; uninstall*;
            delet*/close/closed/closing my/the/this/our account/app;
            lost a/me/my/our/your loyal/good/long/longtime? customer/customers/business;
            done/finished with this/them/you/these
        """,
    }
)
