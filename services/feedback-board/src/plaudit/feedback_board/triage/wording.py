"""The words of the inbox."""

from typing import Final

from plaudit.feedback_board.triage.domain import BURST_VOTES, LARGE_REACH, Section

TITLES: Final = {
    Section.NEW: "New",
    Section.WAITING: "Under review",
    Section.SUSPICIOUS: "Suspicious",
    Section.LINKS: "Suggested links",
    Section.UNSIZED: "Not sized",
    Section.STALE_OPEN: "Untriaged",
    Section.STALE_PLANNED: "Planned for long",
    Section.STALE_IN_PROGRESS: "In progress for long",
}
HINTS: Final = {
    Section.NEW: "Made within the last 7 days and still open, the newest first.",
    Section.WAITING: "Somebody has looked at them, and nothing is decided yet.",
    Section.SUSPICIOUS: (
        f"Posts that are held, and networks that cast more than {BURST_VOTES} anonymous votes within an hour. "
        "An office shares one network: nothing is refused because of it, and no vote is taken away."
    ),
    Section.LINKS: "Reviews that seem to say what a request says.",
    Section.UNSIZED: f"Undecided, without an estimate, and asked for by {LARGE_REACH} people or more.",
    Section.STALE_OPEN: "Open for more than 7 days: nobody has looked at them.",
    Section.STALE_PLANNED: "Planned for more than 90 days.",
    Section.STALE_IN_PROGRESS: "In progress for more than 30 days without another status.",
}
NOTHING: Final = {
    Section.SUSPICIOUS: "Nothing looks suspicious.",
    Section.LINKS: "No link is suggested.",
}
