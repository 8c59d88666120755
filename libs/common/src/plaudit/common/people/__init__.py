"""People: the accounts of a tenant's staff. Each has an e-mail address, a name and a role."""
