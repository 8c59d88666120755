"""What the owner of a clock is told by mail: a notice, warnings, the breach, and that it is taken back."""
