"""Reviews: what is known of each customer's statement, and every revision of it."""
