"""The console's pages of profiles: all of them, and the form that previews, sets and deletes one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, not_found
from plaudit.common.pages.navigation import Crumb
from plaudit.common.refusals import sentence
from plaudit.common.sessions import ConsolePages, done, staff
from plaudit.scoring.own_profiles import commands, store
from plaudit.scoring.own_profiles.domain import (
    DAYS_OF,
    NEVER,
    BuiltInProfileError,
    NoProfileError,
    ProfileChangedError,
    ShownProfileError,
    TooManyProfilesError,
    form_of,
    half_life_in_words,
    profile_typed,
)
from plaudit.scoring.profiles import store as profiles
from plaudit.scoring.profiles.domain import BUILT_IN, MAX_PROFILES, ORIGINS, TRUST, Profile, ProfileRevision
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import Score, read_parts
from plaudit.scoring.scores.pages import SCORES
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import Source
from plaudit.scoring.sums.domain.decay import unix_us

PROFILES: Final = f"{SCORES}/profiles"
NEW: Final = f"{SCORES}/new-profile"
MAX_SUBJECTS: Final = 3
MAX_TYPED_CHARS: Final = 10_000
MAX_NAMED_SOURCES: Final = 1_000
"""Of a tenant, that the form calls by their names: the first by name. All others are called by their ids."""
LISTED_SOURCES: Final = 100
MAX_FORM_FIELDS: Final = 50
REFRESH_SECONDS: Final = 5
SHOWN_REVISIONS: Final = 10
OLD_FORM: Final = "Somebody has changed the profile since this page was shown. Nothing is saved; look, and try again."
UNITS: Final[Mapping[str, str]] = {**{unit: unit for unit in DAYS_OF}, NEVER: "never: reviews do not fade"}
KIND_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "stars": ("Stars", "with thumbs, or alone"),
    "thumbs": ("Thumbs", "up is 5 stars, down is 1"),
    "nps": ("NPS", "alone, read from 1 to 5"),
    "csat": ("CSAT", "alone, read from 1 to 5"),
    "ces": ("CES", "alone, read from 1 to 5"),
}
LABELS: Final[Mapping[str, str]] = {
    "name": "Name",
    "half_life_days": "A review weighs half after",
    "prior_weight": "Weight of the prior",
    "prior_value": "Stars of the prior",
    "kinds": "Reviews that count",
    "verified_weight": "Verified reviews",
    "unverified_weight": "Other reviews",
    "origin_weights": "Weights by origin",
    "source_weights": "Weights of single sources",
    "subjects": "Try it on",
}
"""Field → its label."""
IDS: Final[Mapping[str, str]] = {"half_life_days": "half_life", "origin_weights": f"origin_{ORIGINS[0]}"}
"""Field → the id of what to correct, where that is not its name."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.own_profiles")
Reader = Annotated[Principal, Depends(staff("scores:read"))]
Writer = Annotated[Principal, Depends(staff("scores:read", "scores:write"))]


@dataclass(frozen=True)
class Form:
    """What the form holds: the text of each field, the kinds that are ticked, and the subjects to try it on."""

    texts: Mapping[str, str]
    kinds: Collection[str]
    sources: Mapping[str, Source]
    """Id → source, of those that may be called by their names."""
    subjects: str = ""


@dataclass(frozen=True)
class Tried:
    """A subject by the built-in profile `trust` and by the one of the form."""

    subject: str
    trust: Score
    own: Score


@router.get(PROFILES)
async def show_profiles(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show all profiles; while one is being filled, the page comes again by itself."""
    own = await scores.own_profiles(tx, principal.tenant_id)
    is_filling = any(not progress.is_ready for _, _, progress in own)
    return await console.response(
        request,
        principal,
        tx,
        "profiles.html",
        further=("Profiles",),
        built_in=BUILT_IN.values(),
        own=own,
        in_words=half_life_in_words,
        most=MAX_PROFILES,
        may_change=principal.may("scores:write"),
        refresh_seconds=REFRESH_SECONDS if is_filling else None,
        scores_path=SCORES,
        profiles_path=PROFILES,
        new_path=NEW,
    )


@router.get(NEW)
async def show_new(request: Request, principal: Writer, tx: TenantTx) -> Response:
    """Show the form of a new profile, filled in as `trust` is."""
    return await _page(request, principal, tx, None, _form(TRUST, "", await _sources(tx, principal)))


@router.post(NEW)
async def make(request: Request, principal: Writer, tx: TenantTx) -> Response:
    """Show what a new profile would make of some subjects, or make it."""
    return await _act(request, principal, tx, None)


@router.get(f"{PROFILES}/{{name}}")
async def show_profile(request: Request, principal: Reader, tx: TenantTx, name: str) -> Response:
    """Show a profile of the tenant's own, in its form for whoever may change it."""
    latest = await _standing(tx, principal, name)
    assert latest.profile is not None
    form = _form(latest.profile, name, await _sources(tx, principal))
    return await _page(request, principal, tx, latest, form)


@router.post(f"{PROFILES}/{{name}}")
async def act(request: Request, principal: Writer, tx: TenantTx, name: str) -> Response:
    """Show what other parameters would make of some subjects, or set them."""
    return await _act(request, principal, tx, await _standing(tx, principal, name))


@router.post(f"{PROFILES}/{{name}}/delete")
async def delete(request: Request, principal: Writer, tx: TenantTx, name: str) -> Response:
    """Delete a profile."""
    try:
        await commands.delete_profile(tx, principal.tenant_id, name, principal.actor)
    except (BuiltInProfileError, NoProfileError) as error:
        raise not_found("score profile") from error
    except ShownProfileError as error:
        return done(request, f"{PROFILES}/{name}", sentence(error).replace("`", ""), is_good=False)
    return done(request, PROFILES, f"The profile {name} is deleted.")


async def _standing(tx: SqlTx, principal: Principal, name: str) -> ProfileRevision:
    latest = await profiles.latest(tx, principal.tenant_id, name)
    if latest is None or latest.profile is None:
        raise not_found("score profile")
    return latest


async def _sources(tx: SqlTx, principal: Principal) -> dict[str, Source]:
    return await sources.first(tx, principal.tenant_id, MAX_NAMED_SOURCES)


def _form(profile: Profile, name: str, named: Mapping[str, Source]) -> Form:
    return Form(form_of(profile, name, named), sorted(profile.kinds), named)


async def _act(request: Request, principal: Principal, tx: SqlTx, latest: ProfileRevision | None) -> Response:
    typed = await request.form(max_files=0, max_fields=MAX_FORM_FIELDS)
    form = _typed(typed, latest, await _sources(tx, principal))
    profile, errors = profile_typed(form.texts, form.kinds, form.sources)
    subjects, error = _subjects_typed(form.subjects)
    if error:
        errors["subjects"] = error
    if typed.get("do") == "save" and not errors:
        seen = str(typed.get("seen", ""))
        expected = {int(seen[:9])} if seen.isascii() and seen.isdigit() else ()
        try:
            await commands.set_profile(tx, principal.tenant_id, profile, principal.actor, expected_revisions=expected)
        except ProfileChangedError:
            errors["name"] = OLD_FORM
        except (BuiltInProfileError, TooManyProfilesError, ShownProfileError) as refused:
            errors["name"] = sentence(refused)
        else:
            return done(request, PROFILES, f"The profile {profile.name} is saved.")
    tried = [] if errors else await _tried(tx, principal.tenant_id, profile, subjects)
    return await _page(request, principal, tx, latest, form, errors, tried)


async def _tried(tx: SqlTx, tenant_id: str, profile: Profile, subjects: Collection[str]) -> list[Tried]:
    """Read subjects, or some that there are, by the profile and by `trust`."""
    chosen = subjects or await store.example_subjects(tx, tenant_id, MAX_SUBJECTS)
    at_us = unix_us(tx.now)
    tried = []
    for subject in chosen:
        trust, own = [
            read_parts(each, await store.parts_by_any(tx, tenant_id, subject, each), at_us) for each in (TRUST, profile)
        ]
        tried.append(Tried(subject, trust, own))
    return tried


def _typed(typed: FormData, latest: ProfileRevision | None, named: Mapping[str, Source]) -> Form:
    def text(name: str) -> str:
        value = typed.get(name, "")
        return value.replace("\r\n", "\n").strip()[:MAX_TYPED_CHARS] if isinstance(value, str) else ""

    texts = {name: text(name) for name in form_of(TRUST, "", {})}
    if latest is not None:
        texts["name"] = latest.name
    kinds = tuple(kind for kind in KIND_WORDS if kind in typed.getlist("kinds"))
    return Form(texts, kinds, named, text("subjects"))


def _subjects_typed(text: str) -> tuple[list[str], str]:
    """Return the subjects to try a profile on, and what is wrong with them."""
    subjects = [each.strip("/") for each in text.replace(",", " ").split()]
    if len(subjects) > MAX_SUBJECTS:
        return [], f"Name at most {MAX_SUBJECTS} subjects."
    if not all(map(is_subject, subjects)):
        return [], sentence(SUBJECT_RULE)
    return subjects, ""


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    latest: ProfileRevision | None,
    form: Form,
    errors: Mapping[str, str] | None = None,
    tried: Collection[Tried] | None = None,
) -> Response:
    title = "New profile" if latest is None else latest.name
    past = (
        [] if latest is None else await profiles.revisions(tx, principal.tenant_id, latest.name, None, SHOWN_REVISIONS)
    )
    progress = None
    if latest is not None and latest.profile is not None:
        own = {revision.name: found for revision, _, found in await scores.own_profiles(tx, principal.tenant_id)}
        progress = own.get(latest.name)
    return await console.response(
        request,
        principal,
        tx,
        "profile.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        further=(Crumb("Profiles", PROFILES), title),
        title=title,
        latest=latest,
        form=form,
        texts=form.texts,
        errors=errors or {},
        labels=LABELS,
        ids=IDS,
        units=UNITS,
        kinds=KIND_WORDS,
        origins=ORIGINS,
        tried=tried,
        sources=[*form.sources.values()][:LISTED_SOURCES],
        past=past,
        in_words=half_life_in_words,
        progress=progress,
        may_change=principal.may("scores:write"),
        form_path=NEW if latest is None else f"{PROFILES}/{latest.name}",
        profiles_path=PROFILES,
        scores_path=SCORES,
    )
