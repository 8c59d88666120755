"""Answers: how many reviews the company answers, how soon, and how many negative ones are raised afterwards."""
