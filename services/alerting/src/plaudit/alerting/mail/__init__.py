"""Mails to owners: what they say, and how they leave."""
