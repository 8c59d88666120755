"""What is told of many clocks and reviews: pure values and functions."""
