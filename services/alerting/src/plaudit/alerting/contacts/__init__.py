"""Contacts: when people of the company talked with a customer, as the events of customers tell."""
