"""Owners, teams and escalations: pure values and functions."""

from plaudit.alerting.people.domain.owners import (
    OWNER_ONLY,
    Assignment,
    ChainStep,
    EndpointRef,
    Escalation,
    Owner,
    Owners,
    Repeat,
    Step,
    Target,
    Team,
    assignment_of,
    chain_of,
    fallback_owner,
    owner_of,
)

__all__ = [
    "OWNER_ONLY",
    "Assignment",
    "ChainStep",
    "EndpointRef",
    "Escalation",
    "Owner",
    "Owners",
    "Repeat",
    "Step",
    "Target",
    "Team",
    "assignment_of",
    "chain_of",
    "fallback_owner",
    "owner_of",
]
