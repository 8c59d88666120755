"""The library: what we stand for and which points an answer covers, by topic, severity and language."""
