"""Every SQL statement about followers, the audience of a change, and addresses."""
