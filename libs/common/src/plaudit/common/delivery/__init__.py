"""Messages to people and machines: queued in the transaction of their cause, sent later, and never lost.

A message says one thing to one recipient. Each of its deliveries goes over one channel, and each attempt at that is
kept: what was sent, and what was answered.
"""
