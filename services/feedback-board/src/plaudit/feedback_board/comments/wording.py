"""The sentences of comments on the public pages."""

from typing import Final

NOTICES: Final = {
    "commented": "Your comment is on this page.",
    "held": "Thank you. What you wrote waits for a look of the team; until then only you see it.",
    "edited": "What you wrote is changed.",
    "taken-back": "Your comment is taken back.",
}
"""What the page says after a form about comments; the address names one of these."""
WAITS: Final = "Waits for a look of the team. Only you see this."
EMPTY: Final = "Nobody has said anything yet."
ERASED: Final = "The person who wrote this had their data deleted."
EDITED: Final = "edited"
EDITED_BY_STAFF: Final = "edited by the team"
STAFF: Final = "Team"
MERGED: Final = (
    "The request that you wrote about is now part of this one. Nothing is posted yet: send it here if it fits."
)
MADE_ON: Final = "said about"
VISITOR: Final = "A visitor"
