"""What carries out a refill: the feed is read, and one step follows the other."""
