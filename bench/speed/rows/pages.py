"""The first page of a long history, and one far behind it."""

from functools import partial
from typing import Any

from bench.speed.http_requests import document, graphql_request, token
from bench.speed.process import Running
from bench.speed.rows.home import read
from bench.speed.world import OURS, Turns, World

SIZE, LONGEST = 20, 100
ONE = "seed-1"
UNLIMITED = "MIPOINTS_GRAPHQL_MEMBER_BUDGET=0"
"""One member asks for everything, more often than a member may."""


async def open_row(world: World) -> Turns:
    """A member of so many entries that there is a page behind the far one."""
    pages = world.options.deep_pages
    other = await world.on("pages", 1, SIZE * (pages + 1), 0, UNLIMITED)
    server = await other.server(OURS)
    after = await _cursor_after(server, SIZE * (pages - 1))
    first = [graphql_request(_page(SIZE, None), token(ONE))]
    far = [graphql_request(_page(SIZE, after), token(ONE))]
    return {
        "page 1": partial(read, other, server, first, "endCursor", 1),
        f"page {pages:,}": partial(read, other, server, far, "endCursor", 1),
    }


async def _cursor_after(server: Running, entries: int) -> str:
    """The cursor of the last of so many entries."""
    after, left = None, entries
    while left > 0:
        data = await server.ask(_page(min(LONGEST, left), after), token(ONE))
        after = data["me"]["pointsHistory"]["pageInfo"]["endCursor"]
        left -= LONGEST
    assert after is not None
    return str(after)


def _page(first: int, after: str | None) -> dict[str, Any]:
    return {
        "query": document("history"), "operationName": "History", "variables": {"first": first, "after": after},
    }  # fmt: skip
