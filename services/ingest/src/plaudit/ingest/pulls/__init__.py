"""Pulls: sources whose reviews are asked for, each on its own schedule."""
