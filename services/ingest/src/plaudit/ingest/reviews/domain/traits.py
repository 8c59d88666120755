"""What the words of reviews say, as bits of one number: an index holds it, and a filter asks for it there."""

from typing import Final

from plaudit.ingest.sorting.domain.findings import NOTHING, Findings

TRAITS: Final = (
    *("check",),
    *("topic=price_fees", "topic=billing_refund", "topic=cancel_contract", "topic=support_contact"),
    *("topic=staff_attitude", "topic=speed_waiting", "topic=delivery", "topic=quality_defect", "topic=app_website"),
    *("topic=account_identity", "topic=choice_availability", "topic=clean_safe", "topic=honesty_terms"),
    *("topic=decision_denied", "topic=ads_privacy"),
    *("persona=long_time", "persona=new_user", "persona=business_use", "persona=supplier_side"),
)
"""Each has the bit of its place. Numbers are stored: places stay, and what is new comes last, up to 22 of them."""
_BITS: Final = {name: 1 << place for place, name in enumerate(TRAITS)}
_TOPICS: Final = {name.removeprefix("topic="): bit for name, bit in _BITS.items() if name.startswith("topic=")}
_PERSONAS: Final = {name.removeprefix("persona="): bit for name, bit in _BITS.items() if name.startswith("persona=")}


def traits(found: Findings | None) -> int:
    """Return the bits of what was found."""
    said = found or NOTHING
    bits = _BITS["check"] if said.check else 0
    for topic in said.topics:
        bits |= _TOPICS[topic]
    for persona in said.personas:
        bits |= _PERSONAS[persona]
    return bits


def asked(topic: str | None, persona: str | None, check: bool | None) -> tuple[int, int]:
    """Return the bits that a filter looks at, and which of them must be set."""
    must = 0 if topic is None else _BITS[f"topic={topic}"]
    must |= 0 if persona is None else _BITS[f"persona={persona}"]
    must |= _BITS["check"] if check else 0
    return must | (0 if check is None else _BITS["check"]), must
