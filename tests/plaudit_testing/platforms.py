"""The fixtures of the platforms, and a source of each."""

from datetime import UTC, datetime
from pathlib import Path

import plaudit.ingest.platforms
from plaudit.ingest.sources.domain import KeyedSource

FOLDER = Path(plaudit.ingest.platforms.__file__).parent
FIXTURES = sorted(path for path in FOLDER.glob("*/fixtures/*.json") if path.name.count(".") == 1)
CUSTOM_MAPPING = (FOLDER / "custom" / "fixtures" / "reviews.mapping.json").read_text()
"""Of the fixtures of custom sources."""


def platform_of(fixture: Path) -> str:
    """The platform that a fixture is of."""
    return fixture.parent.parent.name.replace("_", "-")


def source_of(platform: str) -> KeyedSource:
    """A source of a platform, whose times are those of Berlin."""
    return KeyedSource(
        id="00000000-0000-7000-8000-000000000001",
        tenant_id="default",
        name="Harbourlight",
        platform=platform,
        subject="harbourlight",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        secret="whsec_",
        person_key=b"a key that only this test knows, ",
        time_zone="Europe/Berlin",
        mapping=CUSTOM_MAPPING if platform == "custom" else None,
    )
