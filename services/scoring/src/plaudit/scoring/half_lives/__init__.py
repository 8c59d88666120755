"""Half-lives of tenants' own, and the sums that are kept for them."""
