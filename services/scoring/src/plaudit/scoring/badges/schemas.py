"""The bodies of the API of badges."""

from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from plaudit.common.http.strict import Body
from plaudit.common.names import MAX_NAME_CHARS
from plaudit.common.text import NOT_TEXT, UNSEEN
from plaudit.scoring.badges.domain.badge import Kind
from plaudit.scoring.profiles.domain import NAME_PATTERN

_SEEN: Final = rf"^[^\x00]*[^\s{NOT_TEXT}{UNSEEN}][^\x00]*$"
"""Some character that can be seen, and no NUL."""

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_NAME_CHARS, pattern=_SEEN),
    Field(description="What people call it.", examples=["Acme Coffee"]),
]
EXAMPLE_SNIPPET = (
    '<a href="https://plaudit.example/badges/default/acme.html"><img '
    'src="https://plaudit.example/badges/default/acme.svg" width="380" height="124" alt="Reviews of Acme Coffee"></a>'
)
WHAT = "What it is, for readers of structured data: `Organization`, `LocalBusiness` or `Product` of schema.org."


class BadgeIn(Body):
    """How a subject is shown."""

    name: Name
    kind: Annotated[Kind, Field(description=WHAT, examples=["organization"])] = Kind.ORGANIZATION


class BadgeProfileIn(Body):
    """By which profile all badges show scores."""

    profile: Annotated[
        str,
        StringConstraints(pattern=NAME_PATTERN),
        Field(description="The name of a profile that counts stars and thumbs, and is ready.", examples=["lifetime"]),
    ]


class BadgeProfileOut(BaseModel):
    """By which profile all badges show scores."""

    profile: str = Field(description="The name of the profile.", examples=["lifetime"])


class BadgeOut(BaseModel):
    """A subject whose score everybody may see, and where."""

    subject: str = Field(description="The subject.", examples=["acme"])
    name: str = Field(description="What people call it.", examples=["Acme Coffee"])
    kind: Kind = Field(description=WHAT, examples=["organization"])
    image: str = Field(
        description="The address of the badge, an SVG image.",
        examples=["https://plaudit.example/badges/default/acme.svg"],
    )
    page: str = Field(
        description="The address of the page that may be framed.",
        examples=["https://plaudit.example/badges/default/acme.html"],
    )
    data: str = Field(
        description="The address of the structured data (JSON-LD).",
        examples=["https://plaudit.example/badges/default/acme.json"],
    )
    how: str = Field(
        description="The address that says how the score is calculated, worked out for the subject.",
        examples=["https://plaudit.example/scores/how/trust?tenant=default&subject=acme"],
    )
    snippet: str = Field(
        description="HTML for a page of yours: the badge, leading to its page.",
        examples=[EXAMPLE_SNIPPET],
    )
