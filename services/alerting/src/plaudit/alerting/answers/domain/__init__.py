"""The rules of checks: texts in, findings out."""
