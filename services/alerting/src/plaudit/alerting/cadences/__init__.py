"""Cadences: regular contacts with customers, invitations to review, and the weekly digest."""
