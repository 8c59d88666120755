"""The HTTP API of the secret with which the host's product signs people in on the board."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from plaudit.common.http import TenantTx, Work, not_found
from plaudit.common.vault import Vault
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, actor_of
from plaudit.feedback_board.visitors import commands, store
from plaudit.feedback_board.visitors.commands import SecretSet
from plaudit.feedback_board.visitors.domain.host_token import ALGORITHM, audience
from plaudit.feedback_board.visitors.pages import BoardResources
from plaudit.feedback_board.visitors.schemas import SignInSecretIn, SignInSecretOut

PATH: Final = "/v1/board/sign-in-secret"
router = APIRouter(tags=["sign-in"])


async def vault_of_app(request: Request) -> Vault:
    """Return the vault of the application."""
    vault: Vault = request.app.state.vault
    return vault


OpenedVault = Annotated[Vault, Depends(vault_of_app)]


@router.put(PATH, summary="Set the secret of sign-in tokens")
async def set_sign_in_secret(
    principal: BoardWriter, work: Work, vault: OpenedVault, parts: BoardResources, body: SignInSecretIn
) -> SignInSecretOut:
    """Set what your product signs its tokens with, or rotate it: tokens of the former secret count for a day more.

    A token is a JWT of HS256 with `sub`, `aud`, `iat`, `exp` (24 hours later at most), `jti` (each counts once), and,
    where you know them, `name`, and `email` with `email_verified: true`. Send people to
    `/b/{tenant}/sign-in/token?token=…`.
    """
    overlap = timedelta(hours=parts.settings.sign_in_secret_overlap_hours)
    secret = await commands.set_secret(work.tx, principal.tenant_id, body.secret, actor_of(principal), vault, overlap)
    return _out(principal.tenant_id, secret)


@router.get(PATH, summary="Read since when the secret counts")
async def read_sign_in_secret(principal: BoardReader, tx: TenantTx) -> SignInSecretOut:
    """Read when the secret was set. The secret itself is not shown."""
    found = await store.secrets_of(tx, principal.tenant_id)
    if found is None:
        raise not_found("secret")
    return _out(principal.tenant_id, SecretSet(found.set_at, found.previous_until))


@router.delete(PATH, status_code=204, response_class=Response, summary="Take no tokens any more")
async def delete_sign_in_secret(principal: BoardWriter, work: Work) -> None:
    """Delete the secret: from now on no token signs anybody in. Whoever is signed in stays so."""
    await store.delete_secret(work.tx, principal.tenant_id)


def _out(tenant_id: str, secret: SecretSet) -> SignInSecretOut:
    return SignInSecretOut(
        set_at=secret.set_at,
        previous_until=secret.previous_until,
        audience=audience(tenant_id),
        algorithm=ALGORITHM,
    )
