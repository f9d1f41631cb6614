"""Who takes part: how each server is started. A contender that cannot be had here gives a sentence instead."""
