"""Proposals: which reviews seem to be about which request, and what several people complain about that none asks for."""
