"""The commands of `mipoints`, a group a file; what they need is imported when they run."""
