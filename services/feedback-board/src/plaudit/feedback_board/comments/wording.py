"""The sentences of comments that code says; the catalogues of `languages` have them in other languages."""

from typing import Final

NOTICES: Final = {
    "commented": "Your comment is on this page.",
    "held": "Thank you. What you wrote waits for a look of the team; until then only you see it.",
    "edited": "What you wrote is changed.",
    "taken-back": "Your comment is taken back.",
}
"""What the page says after a form about comments; the address names one of these."""
MERGED: Final = (
    "The request that you wrote about is now part of this one. Nothing is posted yet: send it here if it fits."
)
