"""Policies as the API shows them."""

from pydantic import BaseModel, Field


class PolicyOut(BaseModel):
    """One revision of a policy; it never changes."""

    id: str
    revision: int
    metric: str
    kinds: list[str]
    max_stars: int
    target_seconds: int
    grace_seconds: int = Field(description="The least time from the moment we learned of the review to the due time.")
    warn_percent: list[int]


class PoliciesOut(BaseModel):
    """All revisions of all policies."""

    items: list[PolicyOut]
