"""The pages of a person on the public board. No form needs a script."""
