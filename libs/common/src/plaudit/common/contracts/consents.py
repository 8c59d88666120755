"""Events about consent: `alerts.v1`, written by whoever sends mails to persons."""

import msgspec

from plaudit.common.contracts.time import Instant


class ConsentChosen(msgspec.Struct, frozen=True, kw_only=True):
    """A person has chosen what to be written to about, over which channel. Of each topic the latest choice counts."""

    person: str
    """The person key."""
    topic: str
    """What it is about; `*` is everything."""
    channel: str
    """`email`; `*` is every channel."""
    choice: str
    """`in` or `out`."""
    source: str
    """How it is known: `preferences`, `one_click`, `sign_up` or `staff`."""
    chosen_at: Instant
