"""The routes that platforms post to. They are bare: past the framework, for speed."""
