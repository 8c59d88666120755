"""The sections of the console, the same on the pages of every service.

The table is here, not in the services: an image holds one service, and its pages show the sections of all of them,
in one order. A section names nouns and paths of the product, never a service; which service answers a path is in the
routes of the front door. A test holds the two together: each section is answered by a page of exactly one service.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One section of the console."""

    title: str
    path: str
    scopes: tuple[str, ...]
    """What its page needs; whoever lacks one does not see the section."""
    begins_group: bool = False
    """Whether a line stands above it."""
    is_listed: bool = True
    """Whether it stands in the navigation; the account does not: the person's name leads there."""


HOME: Final = "/console"
"""Where signing in leads, unless a page asked for it."""
ACCOUNT: Final = "/console/account"
CONSOLE: Final = (
    NavEntry("Overview", HOME, ("clocks:read", "alerts:read")),
    NavEntry("Desk", "/console/desk", ("clocks:read", "alerts:read")),
    NavEntry("Alerts", "/console/alerts", ("alerts:read",)),
    NavEntry("Incidents", "/console/incidents", ("incidents:read",)),
    NavEntry("Reviews", "/console/reviews", ("reviews:read",)),
    NavEntry("Scores", "/console/scores", ("scores:read",)),
    NavEntry("Answers", "/console/answers", ("reviews:read",)),
    NavEntry("Library", "/console/library", ("library:read",)),
    NavEntry("Reports", "/console/reports", ("clocks:read",)),
    NavEntry("Cadences", "/console/cadences", ("cadences:read",)),
    NavEntry("Surveys", "/console/surveys", ("surveys:read",)),
    NavEntry("Triage", "/console/triage", ("board:read",)),
    NavEntry("Roadmap", "/console/roadmap", ("board:read",)),
    NavEntry("Requests", "/console/requests", ("board:read",)),
    NavEntry("Moderation", "/console/moderation", ("board:read",)),
    NavEntry("Personas", "/console/personas", ("board:read",)),
    NavEntry("Changelog", "/console/changelog", ("board:read",)),
    NavEntry("Board", "/console/board", ("board:read",)),
    NavEntry("Sources", "/console/sources", ("sources:read",), begins_group=True),
    NavEntry("Deliveries", "/console/deliveries", ("deliveries:read",)),
    NavEntry("Messages", "/console/messages", ("messages:read",)),
    NavEntry("Imports", "/console/imports", ("imports:read",)),
    NavEntry("Sorting", "/console/sorting", ("reviews:read",)),
    NavEntry("Silences", "/console/silences", ("alerts:read",)),
    NavEntry("Owners", "/console/owners", ("clocks:read",)),
    NavEntry("Policies", "/console/policies", ("clocks:read",)),
    NavEntry("Calendars", "/console/calendars", ("clocks:read",)),
    NavEntry("Set aside", "/console/set-aside", ("clocks:read",)),
    NavEntry("API keys", "/console/keys", ("keys:write",), begins_group=True),
    NavEntry("People", "/console/people", ("people:write",)),
    NavEntry("Audit", "/console/audit", ("audit:read",)),
    NavEntry("Erasures", "/console/erasures", ("erasures:read",)),
    NavEntry("Your account", ACCOUNT, (), is_listed=False),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A section as a page shows it."""

    title: str
    path: str
    begins_group: bool
    count: str
    """How many wait there; empty where the page does not know."""


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the way to a page."""

    title: str
    path: str = ""
    """Empty for the page itself, and for a step that is no page."""


def sections(may: Callable[[str], bool], counts: Mapping[str, str]) -> list[Link]:
    """Return the sections that a person may see.

    Args:
        may: whether the person has a scope.
        counts: path → how many wait there, of the sections that the page knows.
    """
    return [
        Link(entry.title, entry.path, entry.begins_group, counts.get(entry.path, ""))
        for entry in CONSOLE
        if entry.is_listed and all(map(may, entry.scopes))
    ]


def section_of(path: str) -> NavEntry | None:
    """Return the section that a page belongs to: the longest path that its own begins with, in whole segments."""
    found = [entry for entry in CONSOLE if f"{path}/".startswith(f"{entry.path}/")]
    return max(found, key=lambda entry: len(entry.path), default=None)


def crumbs(path: str, *further: str | Crumb) -> list[Crumb]:
    """Return the way to a page.

    Args:
        path: of the page.
        further: what is shown within its section, the page itself last; a step that is a page of its own is a `Crumb`.
    """
    section = section_of(path)
    way = [entry for entry in CONSOLE if entry.path == HOME or entry == section]
    titles = [Crumb(entry.title, entry.path) for entry in way] + [
        each if isinstance(each, Crumb) else Crumb(each) for each in further
    ]
    return titles or [Crumb("Console")]
