"""Hands deliveries over: each channel makes what is sent, and says what the answer means."""
