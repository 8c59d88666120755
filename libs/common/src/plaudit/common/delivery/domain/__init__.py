"""What a message, an endpoint and a consent are, and the rules about them."""
