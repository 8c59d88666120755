"""The routes that platforms post to. They are direct: served by the HTTP protocol itself, for speed."""
