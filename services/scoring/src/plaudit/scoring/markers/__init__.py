"""Markers: releases, incidents, shipped requests and content, and what changed around them."""
