"""Memberships: joining, suspending, leaving, a member's time zone and data."""
