"""Our own format, for whoever can send what we ask for."""

from plaudit.ingest.adapters.contract import Adapter, check_count
from plaudit.ingest.domain.commands import Command, Quarantined
from plaudit.ingest.domain.native import to_command
from plaudit.ingest.domain.source import Source


def normalise(body: object, source: Source) -> list[Command | Quarantined]:
    """Read one event or an array of up to 1,000."""
    events = check_count(body) if isinstance(body, list) else [body]
    return [to_command(event, source) for event in events]


ADAPTER = Adapter(platform="native", proof="standard_webhooks", normalise=normalise)
