"""What a mapping makes of a payload, and which mapping a payload may have."""
