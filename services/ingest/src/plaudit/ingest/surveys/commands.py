"""What changes surveys: they are made with their sources, changed, sent and responded to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.common import idempotency
from plaudit.common.db import Tx, order_locks
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import SqlUnitOfWork, UnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.contacts import commands as contacts
from plaudit.ingest.contacts import store as contacts_store
from plaudit.ingest.contacts.domain import Consent
from plaudit.ingest.hooks import commands as hooks
from plaudit.ingest.hooks import store as hooks_store
from plaudit.ingest.hooks.domain import Delivery
from plaudit.ingest.reviews.domain.state import Kind, StoredReview
from plaudit.ingest.sources import commands as sources
from plaudit.ingest.sources.domain import ProofByMapping, Source
from plaudit.ingest.surveys import store
from plaudit.ingest.surveys.domain.invitations import ERASED, Invitation, LeftOut, Wanted, expiry, judge
from plaudit.ingest.surveys.domain.links import link_keys, new_token, token_hash
from plaudit.ingest.surveys.domain.responses import SurveyResponse, says
from plaudit.ingest.surveys.domain.survey import (
    PLATFORM,
    Language,
    Survey,
    SurveyClosedError,
    Wording,
    checked_brand,
    checked_wording,
)


class Taken(StrEnum):
    """What became of a response."""

    NEW = "new"
    SAME = "same"
    """It was taken before: the form was sent again."""
    OTHER = "other"
    """Another response was taken before."""
    GONE = "gone"
    """There is no such invitation any more."""


@dataclass(frozen=True)
class Invited:
    """An invitation with the token of its link."""

    invitation: Invitation
    token: str
    again: bool
    """Whether the invitation was there before."""


@dataclass(frozen=True)
class Judged:
    """Of each that was wanted its invitation, or why there is none, in order."""

    each: Sequence[Invited | LeftOut]
    is_repeated: bool
    """Whether this is the first answer to the same call, given again."""


class _Kept(msgspec.Struct):
    """What is kept under an idempotency key, for each that was wanted: no token is stored."""

    invitation_id: UUID | None = None
    again: bool = False
    left_out: LeftOut | None = None


async def create(
    work: SqlUnitOfWork,
    tenant_id: str,
    *,
    name: str,
    subject: str,
    template: str,
    kind: Kind,
    language: Language,
    brand: str | None,
    wording: Wording,
    proofs: Mapping[str, ProofByMapping],
    vault: Vault,
) -> Survey:
    """Make a survey with its source.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        name: for people, of the source too.
        subject: what responses are about.
        template: that the words began with.
        kind: of the question.
        language: of the page.
        brand: whoever asks; the tenant's name where it is None.
        wording: the words.
        proofs: how each platform proves its deliveries.
        vault: encrypts the source's secret, with which links are signed.

    Raises:
        InvalidSurveyError: words that a survey cannot have.
    """
    checked, asking = checked_wording(wording), checked_brand(brand)
    source = await sources.create(
        work, tenant_id, name=name, platform=PLATFORM, subject=subject, proofs=proofs, vault=vault
    )
    survey = Survey(
        tenant_id=tenant_id,
        id=UUID(source.id),
        name=source.name,
        subject=source.subject,
        template=template,
        kind=kind,
        language=language,
        brand=asking,
        wording=checked,
        closed_at=None,
        invited=0,
        created_at=work.tx.now,
        changed_at=work.tx.now,
    )
    await store.add(work.tx, survey)
    return survey


async def change(tx: Tx, survey: Survey, *, brand: str | None, wording: Wording, closed: bool) -> Survey:
    """Give a survey other words, close it, or open it again; what was asked stays the same.

    Raises:
        InvalidSurveyError: words that a survey cannot have.
    """
    closed_at = (survey.closed_at or tx.now) if closed else None
    changed = replace(survey, brand=checked_brand(brand), wording=checked_wording(wording), closed_at=closed_at)
    if changed == survey:
        return survey
    changed = replace(changed, changed_at=tx.now)
    await store.save(tx, changed)
    return changed


async def invite(
    work: UnitOfWork,
    survey: Survey,
    source: Source,
    wanted: Sequence[Wanted | LeftOut],
    days: int,
    vault: Vault,
    *,
    key: IdempotencyKey | None = None,
) -> Judged:
    """Invite persons to a survey; return the link of each, or why the person gets none, in order.

    Args:
        work: the open unit of work.
        survey: which.
        source: of the survey.
        wanted: at most `MAX_INVITATIONS`.
        days: until the links expire.
        vault: opens contacts, to see who has opted out.
        key: under which a repeat gets the first answer.

    Raises:
        SurveyClosedError: the survey is closed.
        KeyReusedError: the key came with another call before.
        UnopenedSecretError: the secret that signs links cannot be decrypted.
    """
    if survey.closed_at is not None:
        raise SurveyClosedError("The survey is closed. Open it again, or use another one.")
    tx, tenant_id = work.tx, source.tenant_id
    persons = {each.person for each in wanted if isinstance(each, Wanted)}
    keys = [contacts.order_key(tenant_id, person) for person in persons]
    await order_locks.lock(tx, keys + ([idempotency.order_key(tenant_id, key.key)] if key else []))
    first = None if key is None else await idempotency.find(tx, tenant_id, key)
    kept = msgspec.json.decode(first, type=list[_Kept]) if first else await _invite(work, source, wanted, days, vault)
    if key is not None and first is None:
        await idempotency.keep(tx, tenant_id, key, msgspec.json.encode(kept).decode())
    return Judged(await _linked(tx, source, kept), is_repeated=first is not None)


async def _invite(
    work: UnitOfWork, source: Source, wanted: Sequence[Wanted | LeftOut], days: int, vault: Vault
) -> list[_Kept]:
    tx, tenant_id, survey_id = work.tx, source.tenant_id, UUID(source.id)
    persons = {each.person for each in wanted if isinstance(each, Wanted)}
    known = await contacts_store.find(tx, tenant_id, persons, vault)
    denied = {person for person, contact in known.items() if contact.consent is Consent.DENIED}
    judged = judge(wanted, denied, await store.valid(tx, tenant_id, survey_id, persons))
    signing, expires_at = link_keys(source.proving[:1])[0], expiry(tx.now, days)
    new: list[Invitation] = []
    kept: list[_Kept] = []
    for each in judged:
        if isinstance(each, LeftOut):
            kept.append(_Kept(left_out=each))
        elif isinstance(each, Invitation):
            kept.append(_Kept(each.id, again=True))
        else:
            invitation_id = work.ids()
            token = new_token(signing, survey_id, invitation_id, expires_at)
            new.append(
                Invitation(
                    tenant_id=tenant_id,
                    id=invitation_id,
                    survey_id=survey_id,
                    person=each.person,
                    subject=each.subject,
                    reference=each.reference,
                    token_hash=token_hash(token),
                    created_at=tx.now,
                    expires_at=expires_at,
                )
            )
            kept.append(_Kept(invitation_id))
    await store.invite(tx, tenant_id, survey_id, new)
    return kept


async def _linked(tx: Tx, source: Source, kept: Collection[_Kept]) -> list[Invited | LeftOut]:
    """Return invitations with their tokens, which are made again each time."""
    ids = [each.invitation_id for each in kept if each.invitation_id is not None]
    invitations = await store.these(tx, source.tenant_id, ids)
    linked: list[Invited | LeftOut] = []
    for each in kept:
        invitation = None if each.invitation_id is None else invitations.get(each.invitation_id)
        if invitation is None:
            linked.append(each.left_out or ERASED)
        else:
            linked.append(Invited(invitation, await _token(tx, source, invitation), each.again))
    return linked


async def _token(tx: Tx, source: Source, invitation: Invitation) -> str:
    """Return the token of an invitation; a new one where the secret that had signed it counts no longer."""
    made = [
        new_token(key, invitation.survey_id, invitation.id, invitation.expires_at) for key in link_keys(source.proving)
    ]
    token = next((token for token in made if token_hash(token) == invitation.token_hash), None)
    if token is None:
        token = made[0]
        await store.set_token(tx, source.tenant_id, invitation.id, token_hash(token))
    return token


async def take_response(work: UnitOfWork, delivery: Delivery, invitation_id: UUID, response: SurveyResponse) -> Taken:
    """Take the one response to an invitation: it becomes a review as each delivery does, or nothing is written.

    The order keys of the delivery must be locked.
    """
    tx, source = work.tx, delivery.source
    responded = await store.is_responded(tx, source.tenant_id, invitation_id)
    if responded is None:
        return Taken.GONE
    if responded:
        review_key = (source.id, str(invitation_id))
        _, reviews = await hooks_store.known(tx, (), [review_key])
        stored = reviews[review_key]
        return Taken.SAME if isinstance(stored, StoredReview) and says(stored.state, response) else Taken.OTHER
    [receipt] = await hooks.take(work, [delivery])
    if receipt.outcome.quarantined:
        raise RuntimeError(f"a response of our own form was not understood: {receipt.outcome.quarantined[0][1]}")
    await store.set_responded(tx, source.tenant_id, invitation_id)
    return Taken.NEW
