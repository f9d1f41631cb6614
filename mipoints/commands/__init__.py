"""The commands of `mipoints`, one file for each group. A command imports its modules when it runs, for a fast start."""
