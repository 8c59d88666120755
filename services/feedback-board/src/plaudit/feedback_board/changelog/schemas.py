"""What the API takes and answers about the changelog."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.common.http import Body
from plaudit.feedback_board.changelog.domain import MAX_REQUESTS, SECTIONS, Draft, Entry, clean_draft
from plaudit.feedback_board.requests.schemas import Text, Title

RequestIds = Annotated[list[UUID], Field(max_length=MAX_REQUESTS, json_schema_extra={"uniqueItems": False})]


class EntryIn(Body):
    """An entry of the changelog, as staff write it."""

    title: Title = Field(description="3 to 120 characters.", examples=["Deposits are refunded at once"])
    said: Text = Field(default="", description="What people said; plain text.", examples=["It took eleven days."])
    learned: Text = Field(default="", description="What we learned.", examples=["The bank took nine of them."])
    changed: Text = Field(
        default="", description="What we changed; needed to publish it.", examples=["We pay at once now."]
    )
    since: Text = Field(default="", description="What has happened since; may be written later.", examples=[""])
    request_ids: RequestIds = Field(default_factory=list, description="The requests that it is about; at most 20.")

    def draft(self) -> Draft:
        """Return what was written, cleaned. Raises InvalidInputError."""
        return clean_draft(self.title, tuple(self.request_ids), **{name: getattr(self, name) for name in SECTIONS})


class PublicationIn(Body):
    """Whether an entry is public."""

    published: bool = Field(description="True to publish it, false to make it a draft again.", examples=[True])


class ChangelogEntryOut(BaseModel):
    """An entry of the changelog."""

    id: UUID = Field(description="Its id.")
    slug: str = Field(description="Its name in the address of its page.", examples=["deposits-are-refunded-at-once"])
    title: str = Field(description="What was built, in one line.", examples=["Deposits are refunded at once"])
    said: str = Field(description="What people said.", examples=["It took eleven days."])
    learned: str = Field(description="What we learned.", examples=["The bank took nine of them."])
    changed: str = Field(description="What we changed.", examples=["We pay at once now."])
    since: str = Field(description="What has happened since.", examples=[""])
    request_ids: list[UUID] = Field(description="The requests that it is about.", examples=[[]])
    people: int = Field(description="People who asked for it when it was published, each once.", examples=[0])
    visitors: int = Field(description="Visitors who did not sign in and asked for it then.", examples=[0])
    reviews: int = Field(description="Reviews that said so then.", examples=[0])
    created_at: datetime = Field(description="When it was first written.")
    updated_at: datetime = Field(description="When it last changed.")
    published_at: datetime | None = Field(description="When it was published; null for a draft.")
    revision: int = Field(description="Rises with every change; the entity tag.", examples=[1])
    page: str = Field(
        description="Path of its public page, once it is published.",
        examples=["/b/default/changelog/deposits-are-refunded-at-once"],
    )


def entry_out(entry: Entry) -> ChangelogEntryOut:
    """Return an entry as the API shows it."""
    names = ChangelogEntryOut.model_fields.keys() - {"page"}
    return ChangelogEntryOut.model_validate(
        {name: getattr(entry, name) for name in names} | {"page": entry_path(entry)}
    )


def entry_path(entry: Entry) -> str:
    """Return the path of an entry's public page."""
    return f"/b/{entry.tenant_id}/changelog/{entry.slug}"
