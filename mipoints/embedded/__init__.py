"""Runs Postgres and Redis for the sandbox and the tests, as child processes from installed packages.

Each server belongs to one data directory. One process at a time uses the directory; its lock ends with the process.
A server ends when the process that started it ends, for whatever reason (Linux: mipoints/die_with_parent.py). If a
server was left running all the same, it is stopped before a new one starts on its data.
The packages' own starters are not used: one counts its users in a file that becomes wrong after a kill -9, and
as root it makes every parent directory readable.
"""
