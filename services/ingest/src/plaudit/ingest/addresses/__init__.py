"""What other services ask just before they write to a customer: the address, the consent, and a link of a survey."""
