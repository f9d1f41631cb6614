"""Does the work that becomes due: the sweeper, and arq's wake-ups for it. It contains no rule and no SQL."""
