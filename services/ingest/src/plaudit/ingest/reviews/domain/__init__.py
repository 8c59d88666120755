"""What a platform says about a review and what becomes of it: pure rules, with times and ids passed in."""
