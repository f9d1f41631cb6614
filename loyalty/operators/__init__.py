"""What operators do: adjustments, decisions, campaigns, rewards, exclusions, the money view."""
