"""Mails of the common library: the SMTP connector, and the settings of the server."""
