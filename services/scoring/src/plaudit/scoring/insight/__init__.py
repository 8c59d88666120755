"""Insight: what people complain about and praise, by topics and by terms that stand out."""
