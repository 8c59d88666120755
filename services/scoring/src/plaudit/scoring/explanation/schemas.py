"""The bodies of the API of explanation."""

from pydantic import BaseModel, Field


class EffectOut(BaseModel):
    """What one review does to the score of one subject."""

    subject: str = Field(description="A subject that the review counts for.", examples=["acme"])
    score: float | None = Field(description="The score with it.", examples=[3.6875])
    score_without: float | None = Field(
        description="The score as it would be without it; null if no other review counts.", examples=[None]
    )
    effect: float = Field(
        description="By how much it raises the score, in stars; negative where it lowers it. Against the prior if no "
        "other review counts.",
        examples=[0.1875],
    )
    count: int = Field(description="Published reviews that count, with it.", examples=[1])


class EffectsOut(BaseModel):
    """What one review does to the score of its subject, and of every prefix of it."""

    profile: str = Field(description="The rules that the scores are computed by.", examples=["trust"])
    items: list[EffectOut] = Field(description="The review's own subject first, the widest last.")
