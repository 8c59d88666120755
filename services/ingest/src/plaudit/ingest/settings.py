"""The settings of ingest beyond the common ones."""

from pydantic import Field

from plaudit.common.vault import VaultSettings


class IngestSettings(VaultSettings):
    """Settings of ingest."""

    hook_max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    hook_answer_timeout_seconds: float = Field(default=1.5, gt=0)
    """Counted from the last byte of the body. A delivery whose commit is not confirmed by then is answered 503, and the
    sender sends it again under the same id."""
    delivery_retention_days: float = Field(default=30.0, gt=0, le=3650)
    """How long what platforms sent is kept byte for byte. Reviews and their revisions stay."""
    survey_responses_per_hour_per_network: int = Field(default=60, ge=1)
    """Responses sent on the pages of surveys. A network is the /24 of an IPv4 address, the /48 of an IPv6 one."""
    answer_retention_days: float = Field(default=730.0, gt=0, le=3650)
    """How long an answer that was written here is kept after it was published or rejected. Reviews keep theirs."""
    interface_origins: dict[str, str] = Field(default_factory=dict)
    """Where interfaces of platforms are asked in place of their own addresses, such as a gateway of the installation:
    `{"https://api.trustpilot.com": "https://gateway.example.com"}`."""
    source_cache_seconds: float = Field(default=5.0, ge=0)
    """How long a source that was removed, or whose secret was replaced, may still count as it was."""
    import_max_bytes: int = Field(default=2 * 1024 * 1024 * 1024, ge=1024)
    """Of a file that is imported, as it is sent."""
