"""Cells: sums of a large subject's entries by the days that they took effect and were known."""
