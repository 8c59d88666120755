"""Who hears what became of a request: followers, the audience of a change, and the mails to it."""
