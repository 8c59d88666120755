"""Policies as the API shows them."""

from pydantic import BaseModel, Field


class PolicyOut(BaseModel):
    """One revision of a policy; it never changes."""

    id: str = Field(description="The policy.", examples=["answer-negative-reviews"])
    revision: int = Field(description="Counted from 1.", examples=[1])
    metric: str = Field(description="What has to happen in time.", examples=["first_answer"])
    kinds: list[str] = Field(description="The kinds of rating that start a clock.", examples=[["stars", "thumbs"]])
    max_stars: int = Field(description="The best rating that starts a clock.", examples=[2])
    target_seconds: int = Field(description="From the publication to the due time.", examples=[86400])
    grace_seconds: int = Field(
        description="The least time from the moment we learned of the review to the due time.", examples=[3600]
    )
    warn_percent: list[int] = Field(description="The shares of the time after which it warns.", examples=[[50, 80]])


class PoliciesOut(BaseModel):
    """All revisions of all policies."""

    items: list[PolicyOut] = Field(description="Every revision, the oldest first.")
