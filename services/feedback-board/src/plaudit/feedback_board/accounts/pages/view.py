"""What all pages of a person have in common: who looks at which board, in which language."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.responses import Response

from plaudit.common.pages.languages import Language
from plaudit.common.sessions.domain import local_path
from plaudit.feedback_board.board.pages.frame import Section, board_path, page
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.visitors.pages import BoardResources, CurrentVisit, Visit

_STEP_UP: Final = re.compile(r"(?:^|/)\.\.?(?:[/?#]|$)")


@dataclass(frozen=True, slots=True)
class View:
    """One request of HTTP for a page of a person."""

    incoming: Request
    visit: Visit
    parts: BoardResources
    language: Language

    @property
    def home(self) -> str:
        """The path of the board."""
        return board_path(self.visit.tenant_id)

    def within(self, text: str) -> str:
        """Return an address within this board as it is given, and the board's own for anything else."""
        path = local_path(text, self.home)
        is_within = path == self.home or path.startswith((f"{self.home}/", f"{self.home}?", f"{self.home}#"))
        return path if is_within and not _STEP_UP.search(path.partition("?")[0]) else self.home

    @property
    def sends_mails(self) -> bool:
        """Whether anybody can be mailed a link."""
        return bool(self.parts.settings.smtp_host)

    def page(
        self,
        template: str,
        path: str,
        status: int = HTTPStatus.OK,
        *,
        here: Section = "",
        retry_after: int = 0,
        kept: dict[str, str] | None = None,
        **context: Any,
    ) -> Response:
        """Answer with a page, which no cache keeps and no search engine lists.

        Args:
            template: its name.
            path: of the page below that of the board; of the answer to a form, that of the page with the form.
            status: of the answer.
            here: the section that it is in.
            retry_after: the seconds until the form may be sent again; 0 for at once.
            kept: of the query of the page with the form.
            context: what else the template needs.
        """
        answer = page(
            self.incoming,
            self.visit,
            self.parts,
            self.language,
            template,
            path=path,
            here=here,
            is_unlisted=True,
            status_code=status,
            kept=kept or {},
            **context,
        )
        answer.headers["Cache-Control"] = "private, no-store"
        if retry_after:
            answer.headers["Retry-After"] = str(retry_after)
        return answer


async def view_of(request: Request, visit: CurrentVisit, parts: BoardResources, language: Reading) -> View:
    """Return what a page of a person needs."""
    return View(request, visit, parts, language)


CurrentView = Annotated[View, Depends(view_of, scope="function")]
"""A parameter of a page, before its `TenantTx` or `Work`."""
