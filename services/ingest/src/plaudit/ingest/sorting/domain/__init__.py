"""The rules that sort reviews. Nothing here knows where texts come from or where the result is kept."""
