"""The shipped lists. They are read only: a tenant adds to them and mutes, and never edits them."""
