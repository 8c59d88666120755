"""Who a visitor of the public board is: a cookie, or a person who has signed in; and how much each may do."""
