"""What members read, in six languages: one catalogue file for each, one sentence at a time."""
