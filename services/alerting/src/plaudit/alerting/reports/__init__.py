"""Numbers about answering: in time or late, how soon, what became of ratings, and what has to be looked up."""
