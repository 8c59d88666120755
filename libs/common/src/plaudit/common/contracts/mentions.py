"""What reviews mention and what their writers say of themselves: the names on the bus, and what people see for them.

Ingest finds them by its lists of phrases; others count and show them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TOPIC_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "price_fees": "Price and fees",
        "billing_refund": "Billing and refunds",
        "cancel_contract": "Cancelling and contract",
        "support_contact": "Reaching support",
        "staff_attitude": "Staff",
        "speed_waiting": "Speed and waiting",
        "delivery": "Delivery",
        "quality_defect": "Quality and defects",
        "app_website": "App and website",
        "account_identity": "Account and identity check",
        "choice_availability": "Choice and booking",
        "clean_safe": "Cleanliness and safety",
        "honesty_terms": "Promises and small print",
        "decision_denied": "Claims and decisions",
        "ads_privacy": "Advertising and privacy",
    }
)
"""Topic → what a reader sees."""
PERSONA_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "long_time": "Long-time customer",
        "new_user": "New customer",
        "business_use": "Uses it for business",
        "supplier_side": "Supplier side",
    }
)
"""Persona → what a reader sees."""
