"""Earning and moderation, as the API offers them."""
