"""What is known of each review beside its words: for previews of policies, coverage and reports."""
