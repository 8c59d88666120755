"""The changelog, "you asked, we built it": what people said, what we learned, what we changed, what happened since."""
