"""What scoring is told beyond the common settings: nothing yet."""

from plaudit.common.settings import Settings


class ScoringSettings(Settings):
    """Settings of scoring."""
