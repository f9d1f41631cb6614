"""Campaigns, rewards, terms and ways to earn in the API."""
