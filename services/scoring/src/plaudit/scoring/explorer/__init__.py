"""Explorer: one subject on a page, with how its score moved and where it goes."""
