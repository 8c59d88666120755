"""The console's part about similar requests, and the script of the public pages."""
