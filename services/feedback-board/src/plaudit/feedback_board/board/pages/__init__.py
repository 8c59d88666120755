"""The public board: server-rendered, and whole without a script."""
