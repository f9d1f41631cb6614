"""The outside, piece by piece: what needs no database is tested without one."""
