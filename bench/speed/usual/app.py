"""The application: `uvicorn bench.speed.usual.app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import strawberry
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from bench.speed.usual.context import Context, context_of
from bench.speed.usual.mutations import Mutation
from bench.speed.usual.queries import Query
from bench.speed.usual.settings import DATABASE_URL, POOL_SIZE, WEBHOOK_SECRET

schema = strawberry.Schema(
    Query, Mutation, extensions=[lambda: ParserCache(maxsize=100), lambda: ValidationCache(maxsize=100)]
)
_webhook = Webhook(WEBHOOK_SECRET)


class Api(GraphQL[Context, None]):
    """Strawberry's own view, with our context."""

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        return context_of(request.app.state.pool, request)


async def webhook(request: Request) -> Response:
    """Verifies a delivery as Standard Webhooks says, and inserts it once."""
    body = await request.body()
    try:
        _webhook.verify(body, dict(request.headers))
    except WebhookVerificationError:
        return PlainTextResponse("This signature is not valid.", 401)
    await request.app.state.pool.execute(
        "insert into usual.webhooks (id, body) values ($1, $2) on conflict do nothing",
        request.headers["webhook-id"],
        body.decode(),
    )
    return Response(status_code=204)


async def ready(request: Request) -> Response:
    """Whether the database answers."""
    await request.app.state.pool.fetchval("select 1")
    return PlainTextResponse("ready")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """The pool lives as long as the process."""
    async with asyncpg.create_pool(DATABASE_URL, min_size=POOL_SIZE, max_size=POOL_SIZE) as pool:
        app.state.pool = pool
        yield


app = Starlette(
    routes=[
        Route("/readyz", ready),
        Route("/webhooks/native", webhook, methods=["POST"]),
        Route("/graphql", Api(schema), methods=["GET", "POST"]),
    ],
    lifespan=lifespan,
)
