"""Support: what was decided for one member, and why."""
