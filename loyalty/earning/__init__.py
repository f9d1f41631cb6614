"""Earning points by activities in the app: sign-in, shares, reviews, fuel."""
