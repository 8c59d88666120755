"""What a message looks like on each channel: pure, content in, the bytes that are sent out."""
