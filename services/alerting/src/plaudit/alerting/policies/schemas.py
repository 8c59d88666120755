"""Policies as the API shows them."""

from pydantic import BaseModel, Field

from plaudit.alerting.policies.domain import BUILT_INS, Policy


class PolicyOut(BaseModel):
    """One revision of a policy; it never changes."""

    id: str = Field(description="The policy.", examples=["answer-negative-reviews"])
    revision: int = Field(description="Counted from 1.", examples=[1])
    metric: str = Field(description="What has to happen in time.", examples=["first_answer"])
    kinds: list[str] = Field(description="The kinds of rating that start a clock.", examples=[["stars", "thumbs"]])
    severity: str = Field(
        description="Of the reviews whose deadline it sets: `negative` or `drastic`.", examples=["negative"]
    )
    target_seconds: int = Field(description="From the publication to the due time.", examples=[86400])
    grace_seconds: int = Field(
        description="The least time from the moment we learned of the review to the due time.", examples=[3600]
    )
    warn_percent: list[int] = Field(description="The shares of the time after which it warns.", examples=[[50, 80]])


def _out(policy: Policy) -> dict[str, object]:
    return PolicyOut.model_validate(policy, from_attributes=True).model_dump()


class PoliciesOut(BaseModel):
    """All revisions of all policies."""

    items: list[PolicyOut] = Field(
        description="Every revision, the oldest first.",
        examples=[[_out(policy) for policy in sorted(BUILT_INS, key=lambda policy: policy.id)]],
    )
