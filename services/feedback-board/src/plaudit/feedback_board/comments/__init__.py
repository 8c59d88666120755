"""Comments: what people and staff say about a request, and the official response to it."""
