"""Trustpilot."""

from plaudit.ingest.platforms.trustpilot.adapter import ADAPTER

__all__ = ["ADAPTER"]
