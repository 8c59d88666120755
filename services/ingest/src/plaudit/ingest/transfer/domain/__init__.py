"""From the bytes of a table to deliveries, row by row. What is not understood is told by its line, never guessed."""
