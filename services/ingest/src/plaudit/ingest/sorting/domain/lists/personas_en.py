"""What writers in English say about themselves, by persona. There is no list in German yet.

`domain/phrases.py` explains how phrases are written.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PERSONAS_EN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "long_time": """
            longtime/longterm customer/user/member; long time/term customer/user/member; loyal customer/customers;
            customer/member/client/user since/for; been a? customer/member/client/user <2> for/since;
            been with them/you/this/the; for over/almost/nearly/more <2> years; years of using
        """,
        "new_user": """
            first time renter/user/customer/rental/renting/using/owner; new customer/user/member/client;
            just signed up; just joined; just enrolled; just started using
        """,
        "business_use": """
            run/running/for my/our business; my/our company/clients/startup/shop; small business owner; self employed;
            freelancer/freelance;
            as a <1>
            photographer/filmmaker/contractor/professional/veterinarian/vet/developer/teacher/nurse/doctor/lawyer/
            manager;
            i am a <1> veterinarian/vet/developer/teacher/nurse/doctor/physician/lawyer/attorney/photographer
        """,
        "supplier_side": """
            as a <1> host/owner/lender/seller/driver/landlord/provider; i am a <1> host/owner/lender/seller;
            my listing/listings/renters; hosting for; ive/have been hosting
        """,
    }
)
