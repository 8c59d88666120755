"""What an erasure does to the tables of messages; each service that has them lists them."""

from collections.abc import Mapping
from typing import Final

DELIVERY_STORES: Final[Mapping[str, str]] = {
    "messages": "content of messages about an erased review or to an erased person emptied",
    "message_deliveries": "withdrawn if it had not left; the address of an erased person emptied",
    "gatherings": "holds addresses of owners and endpoints, and nothing about customers",
    "storms": "holds nothing about customers",
    "message_attempts": "what was sent, answered and went wrong emptied, also of a message that told of it with others",
    "outlets": "holds nothing about customers",
    "endpoints": "holds addresses of the tenant's own, and nothing about customers",
    "endpoint_changes": "holds nothing about customers",
    "consents": "entries of an erased person deleted",
}
"""Table → what an erasure does to it."""
