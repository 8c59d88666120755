"""What the forms of the public pages have in common: how a visitor's words become a post that the rules look at."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import Depends, Form, Request

from plaudit.common.http import Work
from plaudit.common.idempotency import IdempotencyKey
from plaudit.feedback_board.board import commands
from plaudit.feedback_board.board.pages.budgets import Refused
from plaudit.feedback_board.holds.commands import names_taken
from plaudit.feedback_board.holds.domain import (
    PersonBlockedError,
    Post,
    PostKind,
    TooFastError,
    check_pace,
    shown_since,
)
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.text import clean_name, clean_text, clean_title
from plaudit.feedback_board.settings import Act
from plaudit.feedback_board.visitors.domain.visitor import Known
from plaudit.feedback_board.visitors.pages import (
    PUBLIC,
    BoardResources,
    Newcomer,
    Proof,
    Visit,
    budget_of,
    sender_of_form,
)

FormId = Annotated[str, Form(max_length=64)]
"""Of the page that a form was on: it says when it was shown, and that the form was sent twice."""
Second = Annotated[str, Form(max_length=8)]
"""Whether the form was shown again because it came back too fast."""
Trap = Annotated[str, Form(alias="website")]
"""A field that people do not see."""

REQUEST_REFUSED: Final = (InvalidInputError, TooFastError, PersonBlockedError)
"""Why the form of a request comes back, with all its words."""
NOTHING_TYPED: Final[dict[str, Any]] = {"title": "", "text": "", "name": "", "second": "", "error": None}


@dataclass(frozen=True, slots=True)
class RequestForm:
    """What the form of a new request sends."""

    title: str
    text: str
    name: str
    form: str
    second: str
    trap: str = ""
    newcomer: str = ""
    proof: str = ""
    confirmed: str = ""
    """Whether the person has seen the requests that ask for the same."""

    def again(self, error: Exception | None) -> dict[str, Any]:
        """Return what the form is filled with when it comes back.

        Under the same id where it came too fast: it is known when it was shown first.
        """
        second = self.form if isinstance(error, TooFastError) else ""
        return {"title": self.title, "text": self.text, "name": self.name, "second": second, "error": error}

    def refused(self, action: str, *, path: str, target: str = "") -> Refused:
        """Return the request as one that its budget did not take.

        Args:
            action: where the form goes again.
            path: of the page that the form was on, below that of the board.
            target: where the links of that page open.
        """
        return Refused(
            act=Act.REQUEST,
            action=action,
            fields={"form": self.form, "second": self.second, "website": self.trap, "confirmed": self.confirmed},
            shown={"title": self.title, "text": self.text, "name": self.name},
            path=path,
            intent={"title": self.title, "text": self.text, "name": self.name, "form": self.form},
            target=target,
        )


async def request_form(
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    form: FormId = "",
    second: Second = "",
    trap: Trap = "",
    newcomer: Newcomer = "",
    proof: Proof = "",
    confirmed: Annotated[Literal["yes", ""], Form()] = "",
) -> RequestForm:
    """Return what the form of a new request sends."""
    return RequestForm(
        title=title,
        text=text,
        name=name,
        form=form,
        second=second,
        trap=trap,
        newcomer=newcomer,
        proof=proof,
        confirmed=confirmed,
    )


SentRequest = Annotated[RequestForm, Depends(request_form)]


async def put_request(
    visit: Visit, work: Work, request: Request, parts: BoardResources, sent: RequestForm
) -> tuple[domain.Request, Known]:
    """Put a visitor's request on the board, with the visitor's vote, or let it wait for a look.

    Raises:
        InvalidInputError: something cannot be taken.
        TooFastError: the form came back sooner than people write, for the first time.
        PersonBlockedError: the visitor may not post.
        LimitExceededError: the budget is used up.
    """
    draft = domain.Draft(title=clean_title(sent.title), text=clean_text(sent.text))
    name = clean_name(sent.name)
    visitor = sender_of_form(visit, sent.newcomer, work.ids())
    words = f"{draft.title}\n{draft.text}"
    look = await look_at(
        PostKind.REQUEST,
        visit,
        work,
        parts,
        visitor,
        text=words,
        name=name,
        form=sent.form,
        trap=sent.trap,
        is_second=bool(sent.second),
    )
    made = await commands.create_with_vote(
        work,
        visit.tenant_id,
        draft,
        visitor.person_key,
        PUBLIC,
        key=key_of_form("page", sent.form, (draft, name)),
        limit=budget_of(request, parts, visit, Act.REQUEST, sent.proof, work.tx.now),
        name=name,
        look=look,
    )
    return made, visitor


async def look_at(
    kind: PostKind,
    visit: Visit,
    work: Work,
    parts: BoardResources,
    visitor: Known,
    *,
    text: str,
    name: str | None,
    form: str,
    trap: str,
    is_second: bool,
) -> Post:
    """Return a post as the rules see it.

    Raises:
        TooFastError: its form came back sooner than people write, for the first time.
    """
    shown = shown_since(form)
    look = Post(
        kind=kind,
        person_key=visitor.person_key,
        text=text,
        name=name,
        names_taken=await names_taken(parts.common_database(), visit.tenant_id, name),
        shown_for=None if shown is None else work.tx.now - shown,
        least_shown=parts.settings.least_form_time,
        trap=trap,
    )
    check_pace(look, is_second=is_second)
    return look


def key_of_form(page: str, form: str, sent: object) -> IdempotencyKey | None:
    """Return the key of a form: sent twice it makes one post, filled in again it makes another.

    Args:
        page: which form.
        form: its id; without one there is no key.
        sent: what it says.
    """
    if not form:
        return None
    fingerprint = sha256(msgspec.json.encode(sent)).digest()
    return IdempotencyKey(f"{page}:{sha256(form.encode()).hexdigest()}:{fingerprint.hex()}", fingerprint)
