"""What a platform said and what becomes of it: pure rules, with times and ids passed in."""
