"""Coupons in the API: showing, issuing and reserving them."""
