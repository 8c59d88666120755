"""Yotpo."""
