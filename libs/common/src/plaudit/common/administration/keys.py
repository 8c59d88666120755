"""The console's pages of API keys: the list, making one, and one key with its rotation and its end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from plaudit.common.administration import wording
from plaudit.common.administration.guards import (
    ROWS,
    check_may_give,
    may_give,
    pages,
    transaction,
)
from plaudit.common.api_keys import commands, store
from plaudit.common.api_keys.commands import KeyMadeBeforeError
from plaudit.common.api_keys.domain import (
    ALL_SCOPES,
    SCOPES,
    ApiKey,
    KeyState,
    checked_scopes,
    is_public_id,
    new_public_id,
)
from plaudit.common.db import SqlTx, Tx
from plaudit.common.http import Cursor, Principal, decode_cursor, encode_cursor
from plaudit.common.http.paging import list_of
from plaudit.common.http.problems import not_found
from plaudit.common.names import checked_name
from plaudit.common.pages.navigation import Crumb
from plaudit.common.people import store as people
from plaudit.common.refusals import RefusedError, sentence
from plaudit.common.sessions import NOTHING_TYPED, Typed, done, staff
from plaudit.common.sessions.access import sessions_of

KEYS: Final = "/console/keys"
NEW: Final = f"{KEYS}/new"
DEFAULT_VALIDITY: Final = "90"
DEFAULT_OVERLAP: Final = "24"
AS_BEFORE: Final = "as-before"
"""Of the validity in the form of a rotation."""
NEVER: Final = ""

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)
Keeper = Annotated[Principal, Depends(staff("keys:write"))]
Show = Annotated[Literal["all"] | None, Query(description="Revoked keys too.")]
Scopes = Annotated[list[str], Form(default_factory=list)]


@router.get(KEYS)
async def show_keys(request: Request, principal: Keeper, show: Show = None, cursor: Cursor = None) -> Response:
    """Show the keys of the tenant, the newest first."""
    of = list_of(request)
    after = decode_cursor(cursor, tuple[datetime, str], of=of) if cursor else None
    async with transaction(request, principal) as tx:
        found = await store.list_newest(
            tx, principal.tenant_id, with_revoked=show == "all", after=after, limit=ROWS + 1
        )
        listed = found[:ROWS]
        following = encode_cursor(listed[-1].created_at, listed[-1].public_id, of=of) if len(found) > ROWS else None
        return await pages.response(
            request,
            principal,
            tx,
            "keys.html",
            keys=listed,
            makers=await _makers(tx, listed),
            show=show,
            new_path=NEW,
            keys_path=KEYS,
            list_path=KEYS + ("?show=all" if show else ""),
            next=following,
            is_first=cursor is None,
            **_helpers(tx.now),
        )


@router.get(NEW)
async def show_form(request: Request, principal: Keeper) -> Response:
    """Show the form of a new key."""
    async with transaction(request, principal) as tx:
        return await _form(request, principal, tx, new_public_id(), {"days": DEFAULT_VALIDITY}, ())


@router.post(NEW)
async def issue(
    request: Request,
    principal: Keeper,
    scopes: Scopes,
    name: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = NEVER,
    public_id: Annotated[str, Form()] = "",
) -> Response:
    """Make a key and show it, this once; a form that is sent again makes no other."""
    public_id = public_id if is_public_id(public_id) else new_public_id()
    errors = _errors(principal, name, scopes, days)
    async with transaction(request, principal) as tx:
        if errors:
            return await _form(request, principal, tx, public_id, {"name": name, "days": days}, scopes, errors)
        expires_in = timedelta(days=int(days)) if days else None
        try:
            key, text = await commands.issue(
                tx,
                principal.tenant_id,
                name,
                scopes,
                expires_in,
                created_by=principal.actor,
                public_id=public_id,
            )
        except KeyMadeBeforeError:
            words = "This form was sent before. Its key is made, and is not shown again; rotate it if nobody has it."
            return done(request, f"{KEYS}/{public_id}", words, is_good=False)
        response = await _shown_once(request, principal, tx, key, text, "A key is made")
    _log("key_made", principal, public_id)
    return response


@router.get(f"{KEYS}/{{public_id}}")
async def show_key(request: Request, principal: Keeper, public_id: str) -> Response:
    """Show what is known of a key."""
    async with transaction(request, principal) as tx:
        return await _page(request, principal, tx, await _key(tx, principal, public_id))


@router.post(f"{KEYS}/{{public_id}}/rotate")
async def rotate(
    request: Request,
    principal: Keeper,
    public_id: str,
    overlap: Annotated[str, Form()] = DEFAULT_OVERLAP,
    days: Annotated[str, Form()] = AS_BEFORE,
    seen: Annotated[str, Form()] = "",
) -> Response:
    """Give a key another secret and show it, this once; a form that is older than the last rotation changes nothing."""
    async with transaction(request, principal) as tx:
        before = await store.lock(tx, public_id)
        if before is None:
            raise not_found("key")
        check_may_give(principal, before.scopes)
        typed = Typed({"overlap": overlap, "days": days}, _rotation_errors(before, overlap, days, seen))
        if typed.errors:
            return await _page(request, principal, tx, before, typed)
        expires_in = None if days == AS_BEFORE else timedelta(days=int(days))
        try:
            key, text = await commands.rotate(tx, public_id, timedelta(hours=int(overlap)), expires_in)
        except RefusedError as error:
            typed = Typed(typed.values, {"overlap": sentence(error)})
            return await _page(request, principal, tx, before, typed)
        response = await _shown_once(request, principal, tx, key, text, "The key has another secret")
    _take_effect(request, principal, public_id)
    _log("key_rotated", principal, public_id)
    return response


@router.get(f"{KEYS}/{{public_id}}/revoke")
async def ask_to_revoke(request: Request, principal: Keeper, public_id: str) -> Response:
    """Ask whether a key is to be revoked."""
    async with transaction(request, principal) as tx:
        key = await _key(tx, principal, public_id)
        return await pages.response(
            request,
            principal,
            tx,
            "key_revoke.html",
            further=(Crumb(key.name, f"{KEYS}/{public_id}"), "Revoke"),
            key=key,
            key_path=f"{KEYS}/{public_id}",
            **_helpers(tx.now),
        )


@router.post(f"{KEYS}/{{public_id}}/revoke")
async def revoke(request: Request, principal: Keeper, public_id: str) -> Response:
    """Revoke a key, with the sessions that were begun with it."""
    async with transaction(request, principal) as tx:
        await _key(tx, principal, public_id)
        key = await commands.revoke(tx, public_id)
    _take_effect(request, principal, public_id)
    _log("key_revoked", principal, public_id)
    return done(request, KEYS, f"“{key.name}” is revoked. Within ten seconds nothing accepts it.")


async def _form(
    request: Request,
    principal: Principal,
    tx: Tx,
    public_id: str,
    values: Mapping[str, str],
    chosen: list[str] | tuple[str, ...],
    errors: Mapping[str, str] | None = None,
) -> Response:
    typed = Typed(values, errors or {})
    return await pages.response(
        request,
        principal,
        tx,
        "key_new.html",
        status=typed.status,
        further=("New key",),
        public_id=public_id,
        typed=typed,
        chosen=chosen,
        choices={
            scope: (words[:1].upper() + words[1:], scope)
            for scope, words in {**SCOPES, ALL_SCOPES: "everything, also what is added later"}.items()
            if principal.may(scope)
        },
        validities=wording.VALIDITIES,
        new_path=NEW,
        keys_path=KEYS,
    )


async def _page(request: Request, principal: Principal, tx: Tx, key: ApiKey, typed: Typed = NOTHING_TYPED) -> Response:
    return await pages.response(
        request,
        principal,
        tx,
        "key.html",
        status=typed.status,
        further=(key.name,),
        key=key,
        makers=await _makers(tx, [key]),
        overlaps=key.overlaps(tx.now),
        is_valid=key.state(tx.now) is KeyState.ACTIVE,
        may_rotate=may_give(principal, key.scopes),
        overlap_choices=wording.OVERLAPS,
        default_overlap=DEFAULT_OVERLAP,
        validities={
            AS_BEFORE: f"until {wording.day(key.expires_at)}, as before" if key.expires_at else "until it is revoked",
            **{days: words for days, words in wording.VALIDITIES.items() if days},
        },
        seen=_seen(key),
        typed=typed,
        key_path=f"{KEYS}/{key.public_id}",
        **_helpers(tx.now),
    )


async def _shown_once(request: Request, principal: Principal, tx: Tx, key: ApiKey, text: str, title: str) -> Response:
    """Answer with a key: the only time that it is told to anybody."""
    return await pages.response(
        request,
        principal,
        tx,
        "key_shown_once.html",
        further=(key.name,),
        title=title,
        key=key,
        text=text,
        overlaps=key.overlaps(tx.now),
        keys_path=KEYS,
        **_helpers(tx.now),
    )


async def _key(tx: SqlTx, principal: Principal, public_id: str) -> ApiKey:
    key = await store.get(tx, principal.tenant_id, public_id)
    if key is None:
        raise not_found("key")
    return key


async def _makers(tx: Tx, keys: list[ApiKey]) -> dict[str, str]:
    """Return who made keys, in words: public id of the key → the person's name, or the key."""
    person_ids = {person_id for person_id in map(_person_id, keys) if person_id}
    names = await people.names_of(tx, keys[0].tenant_id, person_ids) if person_ids else {}
    return {each.public_id: _maker(each, names) for each in keys}


def _maker(key: ApiKey, names: Mapping[UUID, str]) -> str:
    if key.created_by is None:
        return "an operator"
    person_id = _person_id(key)
    return names.get(person_id, "a former account") if person_id else key.created_by.replace(":", " ", 1)


def _person_id(key: ApiKey) -> UUID | None:
    """Return the id of the person who made a key; None when it was no person."""
    kind, _, person_id = (key.created_by or "").partition(":")
    return UUID(person_id) if kind == "person" else None


def _errors(principal: Principal, name: str, scopes: list[str], days: str) -> dict[str, str]:
    """Return what is wrong in the form of a new key: field → words."""
    errors = {}
    for field, check in (("name", lambda: checked_name(name)), ("scopes", lambda: checked_scopes(scopes))):
        try:
            check()
        except RefusedError as error:
            errors[field] = sentence(error)
    if not scopes:
        errors["scopes"] = "Tick what the key may do."
    elif "scopes" not in errors and not may_give(principal, scopes):
        errors["scopes"] = "A key may not do more than whoever makes it."
    if days not in wording.VALIDITIES:
        errors["days"] = "Choose one of these."
    return errors


def _rotation_errors(key: ApiKey, overlap: str, days: str, seen: str) -> dict[str, str]:
    errors = {}
    if overlap not in wording.OVERLAPS:
        errors["overlap"] = "Choose one of these."
    if days != AS_BEFORE and (days == NEVER or days not in wording.VALIDITIES):
        errors["days"] = "Choose one of these."
    if seen != _seen(key):
        errors["overlap"] = "The key was rotated after this page was shown. Nothing was changed; look, and try again."
    return errors


def _seen(key: ApiKey) -> str:
    """Return which rotation a form was shown after."""
    return key.rotated_at.isoformat() if key.rotated_at else ""


def _take_effect(request: Request, principal: Principal, public_id: str) -> None:
    """Let this process look the key and its sessions up again; others do so within ten seconds."""
    request.app.state.api_keys.drop(public_id)
    sessions_of(request).drop_all_of(principal.tenant_id, public_id)


def _log(event: Literal["key_made", "key_rotated", "key_revoked"], principal: Principal, public_id: str) -> None:
    log.info("key_changed", tenant_id=principal.tenant_id, key_id=public_id, reason=event, detail=principal.actor)


def _helpers(now: datetime) -> dict[str, Any]:
    return {"now": now, "looks": wording.LOOKS, "states": wording.STATES, **wording.helpers()}
