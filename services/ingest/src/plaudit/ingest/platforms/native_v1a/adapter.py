"""The native format, signed as Standard Webhooks v1a: the sender keeps the private key, we hold the public one."""

from plaudit.ingest.platforms.adapter import Adapter
from plaudit.ingest.platforms.bodies import decode_events
from plaudit.ingest.platforms.native.adapter import NATIVE_TELLS, normalise, read_plain
from plaudit.ingest.platforms.proofs import AsymmetricStandardWebhooks

ADAPTER = Adapter(
    platform="native-v1a",
    title="Native format, signed with Ed25519",
    proof=AsymmetricStandardWebhooks(),
    known="documented",
    tells=NATIVE_TELLS,
    normalise=normalise,
    read_plain=read_plain,
    decode=decode_events,
)
