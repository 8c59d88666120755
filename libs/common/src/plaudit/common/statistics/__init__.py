"""Figures that more than one service computes: intervals of shares, and times of which some are not over. All pure."""
