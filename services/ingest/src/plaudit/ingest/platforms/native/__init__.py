from plaudit.ingest.adapters.native.adapter import ADAPTER

__all__ = ["ADAPTER"]
