"""Postgres and Redis for the sandbox and the tests: child processes of ours, out of installed packages.

Each server belongs to one data directory; one process at a time has it, by a lock that dies with its holder.
A server goes when the process that started it goes, however that ends (Linux: mipoints/die_with_parent.py); one that was
left behind all the same is stopped before a new one is started on its data.
The packages' own starters are not used: one counts its users in a file that goes stale after a kill -9, and
as root it opens every parent directory for reading.
"""
