"""The context of a request: the pool, the caller, and a loader of members."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import jwt
from starlette.requests import Request
from starlette.websockets import WebSocket
from strawberry.dataloader import DataLoader

from bench.speed.usual.settings import AUTH_SECRET


@dataclass
class Context:
    """One request's surroundings."""

    pool: asyncpg.Pool
    mi_id: str | None
    members: DataLoader[str, asyncpg.Record | None]


def context_of(pool: asyncpg.Pool, request: Request | WebSocket) -> Context:
    """Verifies the bearer token, if there is one. Raises jwt.PyJWTError for a token that is not valid."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    mi_id = None
    if scheme.lower() == "bearer":
        claims = jwt.decode(token, AUTH_SECRET, algorithms=["HS256"], audience="mipoints", issuer="mipoints")
        mi_id = claims["sub"]

    async def load(mi_ids: list[str]) -> Sequence[asyncpg.Record | None]:
        rows = await pool.fetch("select * from usual.members where mi_id = any($1::text[])", mi_ids)
        found = {row["mi_id"]: row for row in rows}
        return [found.get(each) for each in mi_ids]

    return Context(pool, mi_id, DataLoader(load))
