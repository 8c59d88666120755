"""The console's page of whoever is signed in: name, role, and the sessions that are open."""

import base64
import binascii
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.administration import wording
from plaudit.common.administration.guards import pages, transaction
from plaudit.common.api_keys import store as api_keys
from plaudit.common.api_keys.domain import SCOPES, hash_secret
from plaudit.common.http import Principal
from plaudit.common.http.problems import not_found
from plaudit.common.pages.navigation import ACCOUNT
from plaudit.common.sessions import commands, done, staff, store
from plaudit.common.sessions.access import sessions_of

MAX_SESSIONS: Final = 100
"""Shown at once, those that were used last; all of them can be ended together."""

router = APIRouter(include_in_schema=False)
SignedIn = Annotated[Principal, Depends(staff())]


@router.get(ACCOUNT)
async def show_account(request: Request, principal: SignedIn) -> Response:
    """Show who is signed in, what they may do, and where they are signed in."""
    sessions = sessions_of(request)
    idle = timedelta(hours=sessions.settings.session_idle_hours)
    async with transaction(request, principal) as tx:
        opened = await store.list_of(
            tx, principal.tenant_id, _owner(principal), tx.now - sessions.max_age, tx.now - idle, MAX_SESSIONS + 1
        )
        return await pages.response(
            request,
            principal,
            tx,
            "account.html",
            person=principal.person,
            key=None if principal.person else await api_keys.get(tx, principal.tenant_id, principal.key_id),
            role_words=wording.ROLES,
            allowed=[words for scope, words in SCOPES.items() if principal.may(scope)],
            sessions=[(_text_of(each.id_hash), each) for each in opened[:MAX_SESSIONS]],
            has_more=len(opened) > MAX_SESSIONS,
            own=_text_of(hash_secret(sessions.id_of(request) or "")),
            end_path=f"{ACCOUNT}/sessions/end",
            idle_hours=round(sessions.settings.session_idle_hours),
            max_days=round(sessions.settings.session_max_days),
            **wording.helpers(),
        )


@router.post(f"{ACCOUNT}/sessions/end")
async def end_session(request: Request, principal: SignedIn, session: Annotated[str, Form()] = "") -> Response:
    """End one session of the same person or key, in another browser."""
    id_hash = _hash_in(session)
    async with transaction(request, principal) as tx:
        if not await commands.end_one_of(tx, principal.tenant_id, _owner(principal), id_hash):
            raise not_found("session of yours: it has ended")
    sessions_of(request).drop(id_hash)
    return done(request, ACCOUNT, "That browser is signed out; within ten seconds everywhere.")


def _owner(principal: Principal) -> UUID | str:
    return principal.person.id if principal.person else principal.key_id


def _text_of(id_hash: bytes) -> str:
    """Return what a form sends for a session: the hash of its id opens nothing."""
    return base64.urlsafe_b64encode(id_hash).decode()


def _hash_in(text: str) -> bytes:
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
