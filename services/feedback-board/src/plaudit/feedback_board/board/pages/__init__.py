"""The public pages: the board, its lists, the page of a request, and the form for a new one."""
