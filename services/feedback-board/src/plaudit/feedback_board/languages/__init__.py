"""Languages: which one a visitor reads the public pages in, and how dates, numbers and nouns are said in it."""
