"""Earning and moderation in the API."""
