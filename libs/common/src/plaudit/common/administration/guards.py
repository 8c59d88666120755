"""What the pages of administration share: their transaction, and what nobody may give away."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Final

from starlette.requests import Request

from plaudit.common.administration import wording
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, Problem
from plaudit.common.sessions import ConsolePages
from plaudit.common.sessions.access import FORBIDDEN_TITLE, sessions_of

ROWS: Final = 50
"""Of a page of a list."""
pages: Final = ConsolePages("plaudit.common.administration")


def transaction(request: Request, principal: Principal) -> AbstractAsyncContextManager[SqlTx]:
    """Open a transaction of the principal's tenant in schema `common`; what is cached is dropped after its end."""
    return sessions_of(request).database.transaction(principal.tenant_id)


def may_give(principal: Principal, scopes: Iterable[str]) -> bool:
    """Return whether somebody may do all that these scopes allow, and so may let others do it."""
    return all(map(principal.may, scopes))


def check_may_give(principal: Principal, scopes: Iterable[str]) -> None:
    """Refuse a change of what may do more than whoever changes it: it would be a way to do that.

    Raises:
        Problem: a 403, which names what is lacking.
    """
    missing = [scope for scope in scopes if not principal.may(scope)]
    if missing:
        detail = f"Only whoever may {wording.scopes(missing)} may do this."
        raise Problem("forbidden", HTTPStatus.FORBIDDEN, FORBIDDEN_TITLE, detail)
