"""Postgres: the pool, named queries with typed twins, migrations. Knows no rule."""
