"""Contacts: the addresses of customers, encrypted, and what each consents to."""
