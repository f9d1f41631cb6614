"""How points move, how a decision about a member is made, and what falls due with time."""
