"""The server that a team would write: Strawberry on Starlette, an asyncpg pool, plain tables, jobs in arq.

Written as the libraries' documents suggest and as a careful team would: parsed and validated documents are cached,
resolvers ask once, money moves in a transaction behind a row lock. It lacks parts of a loyalty programme (terms,
caps, lots, hash chains, audits) and is cheaper for it, so the comparison is not in this project's favour.
"""
