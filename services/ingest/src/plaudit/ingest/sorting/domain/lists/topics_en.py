"""What reviews in English mention, by topic.

`domain/phrases.py` explains how phrases are written.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TOPICS_EN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "price_fees": """
            price/prices/pricing/priced; expensive/overpriced/pricey/costly; premium/premiums; fee/fees; surcharge*;
            cost/costs; rate/rates <2> increase/increased/raised/went; price/rate hike/hikes;
            cheap/cheaper/affordable
        """,
        "billing_refund": """
            refund*; reimburs*; money back; double/wrongly/over charged; overcharged; charged me/my/us/twice;
            invoice/invoices; billing/billed; deposit; credit card; bank account; payment/payments; payout/payouts
        """,
        "cancel_contract": """
            cancel/cancels/cancelled/canceled/cancelling/canceling/cancellation/cancellations; contract/contracts;
            subscription/subscriptions; auto renew*; renewal/renewed/renew; terms and conditions; fine print;
            policy holder; terminate*
        """,
        "support_contact": """
            customer service/support/care; support team; helpline/hotline; on hold; phone call/calls/number;
            call center/centre; no response/reply/answer; never answer*/respond*/replied; chat/chatbot;
            email/emails/emailed; get through/hold to/of; unreachable
        """,
        "staff_attitude": """
            rude/unfriendly/impolite/arrogant/condescending/dismissive; friendly/polite/courteous/helpful/unhelpful;
            staff/employee/employees/agent/agents/representative/representatives/rep/reps; attitude
        """,
        "speed_waiting": """
            slow/slowly/slower/slowest/slowness; wait/waits/waiting/waited; delay/delays/delayed; overdue;
            queue/queues/queued/queuing/queueing; long/longer/endless line/lines; stand/standing/stood in line;
            took/takes/taking <3> days/weeks/months/hours/minutes/long/forever/ages; late; on time;
            punctual/punctually/punctuality; quick/quickly/quicker/quickest/fast/faster/fastest/prompt/promptly;
            swift/swiftly; speedy/speedily; speed !limit/limits; backlog/backlogs; turnaround
        """,
        "delivery": """
            deliver*/shipping/shipped/shipment; courier; parcel/package; arrived; tracking number; pick up; pickup
        """,
        "quality_defect": """
            broken/broke/faulty/defective/defect/damaged/damage/damages; quality; stopped working;
            doesnt/not/didnt work; fell apart; repair/repairs
        """,
        "app_website": """
            app; website/site/webpage; crash*; bug/bugs/buggy; glitch*; log/logging in; login; loading; freez*/frozen;
            interface; page/pages
        """,
        "account_identity": """
            account; password/passwords; verif*; sign/signed/signing up/in; register*/registration; id check;
            identity; passport
        """,
        "choice_availability": """
            not available; unavailable/availability; out of stock; selection; options;
            booking/booked/reservation/reservations; waitlist
        """,
        "clean_safe": """
            dirty/filthy/clean/cleaning/cleanliness; smell*/smelly; mold/mould; unsafe/safety; hygiene; smoking/smoke
        """,
        "honesty_terms": """
            hidden/misleading/mislead/misled/deceptive/dishonest; false advertis*; lied/lying/liar/liars;
            promised/promise; not as described/advertised; fake reviews; loophole/loopholes; excuse/excuses;
            transparent/transparency
        """,
        "decision_denied": """
            denied/deny/denies/denying/denial; reject/rejected/rejects/rejection; decline/declined;
            refuse/refused/refuses; appeal/appealed; claim/claims !that/to/they/its; pre existing; preexisting
        """,
        "ads_privacy": """
            ads/adverts/advertisement/advertisements; popup/popups; pop up/ups; spam; notification/notifications;
            privacy; tracking; personal data/information; permission/permissions
        """,
    }
)
