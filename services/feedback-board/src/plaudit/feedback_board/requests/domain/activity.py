"""The log of a request: what happened to it, who did it, and the figures that it then had."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.feedback_board.requests.domain.request import Request


class Kind(StrEnum):
    """What happened. Each kind keeps in `detail` what it takes to rebuild the board from the log alone."""

    CREATED = "request_created"
    """title, text, slug, subject, persona, author_name, visibility; `person_key` of the entry is the author.
    Of an import also created_at, which is not the time of the entry, origin (see `IMPORTED`) and backfill"""
    EDITED = "request_edited"
    """title, text, visibility; by the author, or with `backfill` by an import"""
    IMPORTED = "request_imported"
    """origin: what a row of a file said of source, external_id, url, votes and comments, which are numbers of the other
    board; subject and persona, where a row changed them"""
    PUBLISHED = "request_published"
    """Staff let a held request, or one that was removed, onto the board."""
    REMOVED = "request_removed"
    """reason, null when the author took it back"""
    VOTED = "voted"
    """`person_key` of the entry, null once the person was erased: the vote is none then; voted_at, where an import says
    that the vote was cast at another time than that of the entry"""
    VOTE_WITHDRAWN = "vote_withdrawn"
    """`person_key` of the entry: the votes for the request, and for all that is merged into it then"""
    VOTE_ADOPTED = "vote_adopted"
    """visitor: `person_key` of the entry has signed in, and this visitor's votes for the request, and for all that is
    merged into it then, are the person's, as of when they were cast. Where both had voted, the person's own stays."""
    POSTS_ADOPTED = "posts_adopted"
    """visitor: `person_key` of the entry has signed in, and is the author of what this visitor wrote: the request, all
    that is merged into it then, and the comments on these."""
    STATUS_CHANGED = "status_changed"
    """previous_status, status, reason"""
    SIZED = "sized"
    """impact, effort_weeks, null when the sizing was taken back; note"""
    CONCERN_SET = "concern_set"
    """concern, or null"""
    REVIEW_LINKED = "review_linked"
    """review_id, review_subject"""
    REVIEW_UNLINKED = "review_unlinked"
    """review_id, review_subject: the links to the request, and to all that is merged into it then"""
    MERGED = "request_merged"
    """into (the root that it was merged into), reason. What was merged into this request before comes with it."""
    UNMERGED = "request_unmerged"
    """into (as of the merge that is undone). What came with this request goes with it."""
    MERGED_HERE = "merged_here"
    """request_id, title, reason: the other side of `MERGED`, in the log of the root"""
    UNMERGED_HERE = "unmerged_here"
    """request_id, title: the other side of `UNMERGED`, in the log of the root"""
    FOLLOWED = "followed"
    """`person_key` of the entry; source: `chosen`, or what they did that made them follow"""
    FOLLOW_STOPPED = "follow_stopped"
    """`person_key` of the entry, who wants to hear of this request no more, whatever else they do"""
    DUPLICATE_REJECTED = "duplicate_rejected"
    """request_id: staff said that it is not the same, so that the two are never proposed as duplicates again"""
    DUPLICATE_PROPOSED = "duplicate_proposed"
    """request_id: staff took that back"""
    RECOUNTED = "recounted"
    """Nobody did anything: a review was removed, restored or erased, a person was erased with the votes, or a mention
    left the window of reach; or the tenant weighs people in another way."""
    PERSONA_SET = "persona_set"
    """About the board: persona_id, name, population_share; a new one or a changed one"""
    PERSONA_MUTED = "persona_muted"
    """About the board: persona_id, reason, until"""
    PERSONA_UNMUTED = "persona_unmuted"
    """About the board: persona_id"""
    PERSON_ASSIGNED = "person_assigned"
    """About the board: `person_key` of the entry, persona_id, source"""
    PERSON_UNASSIGNED = "person_unassigned"
    """About the board: `person_key` of the entry, persona_id"""
    REACH_VIEW_SET = "reach_view_set"
    """About the board: view, cap"""
    CHANGELOG_SAVED = "changelog_saved"
    """All of an entry of the changelog but its id, which stands in the place of a request's."""
    CHANGELOG_DELETED = "changelog_deleted"
    """The id of the entry stands in the place of a request's."""
    COMMENT_CREATED = "comment_created"
    """comment_id, text, author_name, by_staff, visibility, created_at; `person_key` of the entry is the author"""
    COMMENT_EDITED = "comment_edited"
    """comment_id, text, by_staff, visibility; `person_key` of the entry is the author, also when staff edits"""
    COMMENT_PUBLISHED = "comment_published"
    """comment_id"""
    COMMENT_REMOVED = "comment_removed"
    """comment_id; reason, null when the author took it back"""
    RESPONSE_PUBLISHED = "response_published"
    """response_revision, text"""
    RESPONSE_TAKEN_BACK = "response_taken_back"
    """response_revision"""


BOARD: Final = UUID(int=0)
"""Stands for a request in entries about the board as a whole."""
PUBLIC_KINDS = (Kind.CREATED, Kind.STATUS_CHANGED, Kind.SIZED, Kind.MERGED_HERE, Kind.UNMERGED_HERE)
"""What the page of a request shows of its history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the log."""

    tenant_id: str
    request_id: UUID
    kind: Kind
    at: datetime
    actor: str
    """`key:<public id>` for the API, `public` for the pages, `board` for what happens by itself."""
    person_key: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
    """Rises with the order of events of one request; 0 before the entry is stored."""

    @property
    def detail_json(self) -> str:
        """The detail as it is stored."""
        return msgspec.json.encode(self.detail).decode()


def decimal_text(value: Decimal | None) -> str | None:
    """Return a decimal as text without an exponent or trailing zeros: `2`, `0.5`, `29.33`."""
    return None if value is None else format(value.normalize(), "f")


def figures(request: Request) -> dict[str, Any]:
    """Return a request's figures with the inputs that they came from, for the log."""
    return {
        "votes": request.votes,
        "anonymous_votes": request.anonymous_votes,
        "reach": request.reach,
        "anonymous_reach": request.anonymous_reach,
        "unidentified_mentions": request.unidentified_mentions,
        "linked_reviews": request.linked_reviews,
        "impact": decimal_text(request.impact),
        "effort_weeks": decimal_text(request.effort_weeks),
        "priority": decimal_text(request.priority),
        "weighted_reach": decimal_text(request.weighted_reach),
        "reach_view": request.reach_view,
        "reach_cap": request.reach_cap,
        "muted_people": request.muted_people,
        "formula_version": request.formula_version,
    }
