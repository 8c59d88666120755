"""The jobs of imports."""
