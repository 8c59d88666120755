"""How platforms prove their deliveries. Pure: headers, body, keys and the time in; proven, or a reason, out."""

from plaudit.ingest.platforms.proofs.hmac_signature import Digest, HmacSignature
from plaudit.ingest.platforms.proofs.oidc import IssuerKeys, OidcBearer, UnknownKeyError
from plaudit.ingest.platforms.proofs.proof import NotProvenError, Proof, Proven
from plaudit.ingest.platforms.proofs.standard_webhooks import AsymmetricStandardWebhooks, StandardWebhooks
from plaudit.ingest.platforms.proofs.unsigned import NoDeliveries, PathToken, SharedSecretHeader

__all__ = [
    "AsymmetricStandardWebhooks",
    "Digest",
    "HmacSignature",
    "IssuerKeys",
    "NoDeliveries",
    "NotProvenError",
    "OidcBearer",
    "PathToken",
    "Proof",
    "Proven",
    "SharedSecretHeader",
    "StandardWebhooks",
    "UnknownKeyError",
]
