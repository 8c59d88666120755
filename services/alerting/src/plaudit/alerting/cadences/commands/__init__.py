"""Every way to change cadences. The order key of each person that is changed is held: lock, load, decide, save."""
