from plaudit.ingest.adapters.trustpilot.adapter import ADAPTER

__all__ = ["ADAPTER"]
