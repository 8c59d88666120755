"""Answers: what the company replies to reviews, through the platform's interface, by hand, or elsewhere already."""
