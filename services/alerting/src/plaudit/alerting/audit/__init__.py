"""The audit trail: who did what, when, and how it stood before and after."""
