"""The HTTP interface as one ASGI application; `mipoints` builds its parts and runs it."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute

from api.admission import Admission
from api.budget import Budget, spending
from api.compression import Compressed
from api.context import Wake
from api.documents import Documents
from api.followers import Followers
from api.graphiql import DemoPeople, Files
from api.graphql import GraphQLEndpoint
from api.health import Health, PingRedis
from api.metrics import Metrics
from api.origins import CheckedOrigin, cross_origin
from api.persisted import Persisted
from api.pings import PingEndpoint
from api.plans import Plans
from api.producer_health import ProducersEndpoint
from api.reconciliation import ReconciliationEndpoint
from api.runner import Runner
from api.schema import schema
from api.streams.open import OpenStreams
from api.streams.websocket import GraphQLSockets
from api.trusted import check_costs, trusted_documents
from api.webhooks import WebhookEndpoint, problem
from loyalty.programme.programme import Programme
from loyalty.settings import Settings
from loyalty.tokens import Verifier
from loyalty.webhooks.rejections import Rejections

log = logging.getLogger("mipoints.api")


def create_app(
    settings: Settings,
    programme: Programme,
    wake: Wake,
    verifier: Verifier,
    ping_redis: PingRedis | None = None,
    rejections: Rejections | None = None,
    changes: Followers | None = None,
    budget: Budget | None = None,
    documents: Documents | None = None,
) -> Starlette:
    """The application. It opens and closes nothing: the code that built a part also closes it.

    `wake` is called after commits with the name of a worker's job and the seconds until it is due. It never raises and
    returns within a bounded time. `ping_redis` pings Redis for /readyz; None if there is no Redis. `rejections` counts
    refused webhooks; its owner stores the last counts when it stops. `changes` receives notifications of changed
    balances, once a balance is followed. `budget` holds the callers' budgets; without one the application makes its
    own. `documents` prepares GraphQL documents; applications of one process may share it. Raises ManifestProblem if a
    trusted document is invalid or too expensive.
    """
    metrics = Metrics()
    changes = changes or Followers.of(settings)
    streams = OpenStreams(
        settings.streams,
        settings.streams_per_member,
        settings.strangers_per_address,
        settings.heartbeat_seconds,
        changes.ending,
    )
    metrics.streams.set_function(lambda: streams.count)
    documents, admission = documents or Documents(schema._schema), admission_of(settings, budget)
    trusted = trusted_documents(documents, settings.trusted_manifest)
    check_costs(documents, trusted, admission)
    persisted = Persisted(trusted, is_strict=settings.only_trusted_documents)
    health = Health(programme.db, metrics, ping_redis)
    graphql = GraphQLEndpoint(
        runner=Runner(
            schema,
            documents,
            persisted,
            programme,
            wake,
            changes,
            admission,
            settings.graphql_seconds,
            Plans(schema, documents.compile_after) if settings.compiled else None,
        ),
        verifier=verifier,
        metrics=metrics,
        body_limit=settings.graphql_body_limit,
        streams=streams,
    )
    webhooks = WebhookEndpoint(
        db=programme.db,
        secrets=settings.webhook_secrets,
        wake=wake,
        metrics=metrics,
        rejections=rejections or Rejections(programme.db),
        body_limit=settings.webhook_body_limit,
    )
    reconciliation = ReconciliationEndpoint(
        programme=programme,
        verifier=verifier,
        secrets=settings.webhook_secrets,
        wake=wake,
        body_limit=settings.webhook_body_limit,
    )
    pings = PingEndpoint(settings.webhook_secrets, metrics, settings.webhook_body_limit)
    producers = ProducersEndpoint(programme.db, verifier, settings.webhook_secrets)
    app = Starlette(
        routes=[
            Route("/graphql", graphql, middleware=[*cross_origin(settings.origins), Middleware(Compressed)]),
            WebSocketRoute(
                "/graphql",
                GraphQLSockets(graphql),
                middleware=[Middleware(CheckedOrigin, origins=settings.origins)],
            ),
            Route("/explorer/people", DemoPeople(settings).__call__, methods=["GET"]),
            Mount("/explorer", Files()),
            Route("/webhooks/{producer}", webhooks),
            Route("/webhooks/{producer}/ping", pings),
            Route("/producers", producers.all),
            Route("/producers/{producer}", producers.one),
            Route("/reconciliation", reconciliation),
            Route("/reconciliation/{producer}", reconciliation),
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
            *([] if settings.metrics_port is not None else [_metrics_route(health)]),
        ],
        exception_handlers=_HANDLERS,
    )
    app.state.health = health
    app.router.redirect_slashes = False  # a redirect would lead to whatever `Host` the client sent
    return app


def metrics_app(app: Starlette) -> Starlette:
    """The metrics of an application of `create_app`, as an application for a port of their own."""
    return Starlette(routes=[_metrics_route(app.state.health)], exception_handlers=_HANDLERS)


def _metrics_route(health: Health) -> Route:
    return Route("/metrics", health.counted)


def admission_of(settings: Settings, budget: Budget | None) -> Admission:
    """The admission of operations with the limits of these settings."""
    return Admission(
        schema=schema._schema,
        budget=budget or Budget(spending(settings)),
        most_cost=settings.graphql_max_cost,
        proxies=settings.proxies,
        is_open=settings.sandbox,
    )


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "REFUSED")
    return problem(error.status_code, code, error.detail, error.headers)


async def _fault(_: Request, error: Exception) -> Response:
    """Starlette raises the error again after this answer, and the server logs it once."""
    return problem(500, "INTERNAL", "Something went wrong on our side.")


_HANDLERS: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    HTTPException: _refused,
    Exception: _fault,
}
