"""What happens later: the sweeper, and arq's wake-ups for it. No rule, no SQL."""
