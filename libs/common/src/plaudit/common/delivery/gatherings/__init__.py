"""Messages that leave together: when, which ones, and what a bundle of them says."""
