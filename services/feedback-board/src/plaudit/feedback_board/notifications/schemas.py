"""What the API answers about followers and the audience of a change."""

from pydantic import BaseModel, Field

from plaudit.feedback_board.notifications.domain.audience import Audience, Involved, Told
from plaudit.feedback_board.notifications.domain.followers import State
from plaudit.feedback_board.requests.domain.status import Status


class FollowerOut(BaseModel):
    """What a person wants of a request."""

    person: str = Field(description="The person key.", examples=["native:anna"])
    state: State = Field(description="`stopped` outlasts a new vote.", examples=["following"])
    already: bool = Field(description="Whether it was so before, and nothing has changed.", examples=[False])


class AudienceOut(BaseModel):
    """How many people would be told of a change of a request, and how many not, and why."""

    status: Status = Field(description="The status that it would get.", examples=["shipped"])
    notifies: bool = Field(
        description="Whether people are told of this status unless `notify` says otherwise.", examples=[True]
    )
    held_seconds: float = Field(
        description="How long a change rests before anybody is told; what goes back meanwhile tells nobody.",
        examples=[600.0],
    )
    by_mail: int = Field(description="Told: their address is known.", examples=[0])
    if_consented: int = Field(
        description="Told if the company knows them as customers who agreed: asked as the mail leaves.", examples=[0]
    )
    stopped: int = Field(description="Not told: they want to hear of this request no more.", examples=[0])
    opted_out: int = Field(description="Not told: they want no such mails.", examples=[0])
    actor: int = Field(description="Not told: they make the change themselves.", examples=[0])
    no_mailbox: int = Field(description="Not told: the last mail to them was refused for good.", examples=[0])
    anonymous: int = Field(description="Not told: they did not sign in.", examples=[0])
    no_address: int = Field(description="Not told: no address is known.", examples=[1])
    complete: bool = Field(description="Whether all people are counted; at most 50,000 are.", examples=[True])


class InvolvedOut(BaseModel):
    """One person who has to do with a request, and whether they would be told."""

    person: str = Field(description="The person key.", examples=["native:anna"])
    why: list[str] = Field(
        description="`voted`, `reviewed`, `asked`, `commented`; `chosen`: follows it.", examples=[["chosen"]]
    )
    told: Told = Field(description="As in the count of the audience.", examples=["no_address"])


def audience_out(status: Status, found: Audience, held_seconds: float, *, notifies: bool) -> AudienceOut:
    """Return an audience as the API shows it."""
    counts = {told.value: found.counts.get(told, 0) for told in Told}
    return AudienceOut(
        status=status, notifies=notifies, held_seconds=held_seconds, complete=found.is_complete, **counts
    )


def involved_out(found: tuple[Involved, Told]) -> InvolvedOut:
    """Return a person as the API shows them."""
    involved, told = found
    return InvolvedOut(person=involved.person_key, why=list(involved.why), told=told)
