"""What the API takes and answers about the settings of a board."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from plaudit.common.http import Body
from plaudit.feedback_board.embeds.domain import MAX_ORIGINS, ORIGIN_MAX_CHARACTERS, Embeds

Origin = Annotated[str, Field(max_length=ORIGIN_MAX_CHARACTERS)]


class SettingsIn(Body):
    """The settings of a board."""

    embed_origins: list[Origin] = Field(
        max_length=MAX_ORIGINS,
        description="The sites that may show the roadmap and the form of a new request in a frame: scheme, host, port.",
        examples=[["https://www.example.com"]],
    )


class SettingsOut(BaseModel):
    """The settings of a board."""

    embed_origins: list[str] = Field(
        description="The sites that may show the roadmap and the form of a new request in a frame.",
        examples=[["https://www.example.com"]],
    )
    revision: int = Field(description="Rises with every change; the entity tag. 0 before the first.", examples=[1])
    updated_at: datetime | None = Field(
        description="When they last changed; null before that.", examples=["2026-11-30T12:00:00Z"]
    )


def settings_out(embeds: Embeds) -> SettingsOut:
    """Return the settings of a board as the API shows them."""
    return SettingsOut(embed_origins=list(embeds.origins), revision=embeds.revision, updated_at=embeds.updated_at)
