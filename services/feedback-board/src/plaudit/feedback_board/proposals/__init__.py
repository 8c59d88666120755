"""Proposals: which reviews seem to be about which request, and complaints that no request asks for."""
