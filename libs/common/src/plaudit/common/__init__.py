"""The runtime and the contracts that all services share; no business rule."""
