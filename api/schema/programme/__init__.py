"""Campaigns, rewards, terms and ways to earn, as the API shows them."""
