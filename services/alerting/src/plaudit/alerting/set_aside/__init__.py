"""What could not be processed and was set aside, so that the rest goes on: listed, and tried again by people."""
