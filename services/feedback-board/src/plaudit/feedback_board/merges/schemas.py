"""What the API takes and answers about merges."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.common.http import Body
from plaudit.common.http.openapi_examples import example_of
from plaudit.feedback_board.merges.domain import Counts, Preview
from plaudit.feedback_board.requests.schemas import Reason, RequestOut, request_out


class MergeIn(Body):
    """What a request is merged into, and why."""

    into: UUID = Field(description="The request that stays. Of one that is merged itself, its root is taken.")
    reason: Reason = Field(
        description="Public, in the history of the request that stays; 3 to 2,000 characters.",
        examples=["Both ask for the deposit on the day of return."],
    )


class MergeCountsOut(BaseModel):
    """Figures of a request that a merge changes."""

    votes: int = Field(description="People who vote for it, or for what is merged into it: each once.", examples=[0])
    anonymous_votes: int = Field(description="Of these, visitors who did not sign in.", examples=[0])
    reach: int = Field(description="As `reach` of a request.", examples=[0])
    linked_reviews: int = Field(description="As `linked_reviews` of a request.", examples=[0])
    merged_requests: int = Field(description="How many requests are merged into it.", examples=[0])


class MergePreviewOut(BaseModel):
    """What a merge would do."""

    request: RequestOut = Field(description="What would be merged, as it now stands.")
    into: RequestOut = Field(description="The root that it would be merged into, as it now stands.")
    request_now: MergeCountsOut = Field(description="The figures of `request` now.")
    into_now: MergeCountsOut = Field(description="The figures of `into` now.")
    into_after: MergeCountsOut = Field(description="The figures of `into` after the merge.")
    voted_for_both: int = Field(description="People who have voted for both, and count once after it.", examples=[0])


class MergeOut(BaseModel):
    """The result of a merge, or of its undoing."""

    already: bool = Field(description="Whether nothing had to be done.", examples=[False])
    request: RequestOut = Field(description="The request that was merged, or taken out.")
    into: RequestOut | None = Field(description="The root that it is merged into, or was; null where there was none.")


def root_example(revision: int) -> Any:
    """Return the example of a root after a merge or its undoing, for the reference."""
    schema = RequestOut.model_json_schema()
    return example_of(schema, schema.get("$defs", {}), {"revision": revision})


def preview_out(preview: Preview) -> MergePreviewOut:
    """Return a preview as the API shows it."""
    return MergePreviewOut(
        request=request_out(preview.request),
        into=request_out(preview.into),
        request_now=_counts_out(preview.request_now),
        into_now=_counts_out(preview.into_now),
        into_after=_counts_out(preview.into_after),
        voted_for_both=preview.voted_for_both,
    )


def _counts_out(counts: Counts) -> MergeCountsOut:
    return MergeCountsOut(**{name: getattr(counts, name) for name in MergeCountsOut.model_fields})
