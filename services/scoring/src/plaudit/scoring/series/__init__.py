"""Series: how scores moved, step by step."""
