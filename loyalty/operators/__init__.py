"""Operators' actions: adjustments, decisions, campaigns, rewards, exclusions, the money view."""
