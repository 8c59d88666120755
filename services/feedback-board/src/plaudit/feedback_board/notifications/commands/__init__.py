"""Every way to change who is told what, and the telling itself."""
