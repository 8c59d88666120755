"""The settings of scoring: the common ones."""

from plaudit.common.settings import Settings


class ScoringSettings(Settings):
    """Settings of scoring."""
