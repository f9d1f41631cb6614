"""A running programme for tests: its API over real HTTP, its tokens, its clock, and its workers' jobs on demand."""

import base64
import hashlib
import hmac
import json
import os
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from api.app import create_app
from api.documents import Documents
from api.followers import Followers
from api.schema import schema
from db import clock
from loyalty.programme.programme import Programme
from loyalty.settings import Settings
from loyalty.tokens import Verifier, issue
from loyalty.webhooks.rejections import Rejections
from mipoints.edge.config import EdgeLimits
from tests.support.drain import drain
from tests.support.fresh import Shared
from tests.support.patience import PATIENCE
from tests.support.served import served

NATIVE_KEY = b"a native webhook's signing key!!"
NATIVE_SECRET = "whsec_" + base64.b64encode(NATIVE_KEY).decode()
WEBHOOK_SECRETS = {
    "native": (NATIVE_SECRET,),
    "easypost": ("sécret",),
    "aftership": ("aftership_test_secret",),
    "shippo": ("shippo_test_secret", "token=123abc"),
    "sendcloud": ("secretkey",),
    "shopify": ("hush",),
}
DOCUMENTS = Documents(schema._schema, compile_after=1)
"""Prepared once for all stages: a document is the same in each."""

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: reading the machine's certificates takes longer than most tests."""

IS_COMPILED = os.environ.get("MIPOINTS_COMPILED", "on") != "off"
"""Whether operations are run by plans; off, the whole suite runs by graphql-core alone."""

AUTH_SECRET = "the sandbox's own secret, long enough for HS256"


_PATIENT = {"deadline_seconds": 20.0, "graphql_seconds": float(PATIENCE), "heartbeat_seconds": float(PATIENCE)}
"""For machines whose cores are busy; tests of deadlines have shorter ones of their own."""


def settings_for(database_url: str, **others: Any) -> Settings:
    """The sandbox's settings on one database, with more patience."""
    return Settings(
        database_url=database_url,
        auth_secret=AUTH_SECRET,
        **(
            _PATIENT
            | {"sandbox": True, "compiled": IS_COMPILED, "velocity_per_minute": 0, "webhook_secrets": WEBHOOK_SECRETS}
            | others
        ),
    )


@dataclass(slots=True)
class Stage:
    """One running API. Every method that calls it uses HTTP."""

    settings: Settings
    programme: Programme
    owner: asyncpg.Connection
    http: httpx.AsyncClient
    rejections: Rejections
    woken: list[str]
    changes: Followers

    def token(self, mi_id: str | None = None, *, scope: str | None = None, name: str | None = None, **more: Any) -> str:
        """Returns a member's or a service's token."""
        return issue(self.settings, member=mi_id, scope=scope, name=name, **({"seconds": 600, "market": None} | more))

    async def post(
        self, query: str, variables: Mapping[str, Any] | None = None, token: str | None = None
    ) -> dict[str, Any]:
        """Sends a GraphQL request and returns its whole answer."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables or {}}, headers=headers)
        return answer.json()

    async def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, token: str | None = None
    ) -> dict[str, Any]:
        """Sends a GraphQL request and returns its data; fails on errors."""
        answer = await self.post(query, variables, token)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def storefront(self, query: str, **variables: Any) -> dict[str, Any]:
        """Sends a request of the storefront and returns its only root field."""
        data = await self.ask(query, variables, self.token(scope="storefront", name="storefront"))
        return next(iter(data.values()))

    async def app(self, mi_id: str, query: str, **variables: Any) -> dict[str, Any]:
        """Sends a request of a member's app and returns its only root field."""
        data = await self.ask(query, variables, self.token(mi_id))
        return next(iter(data.values()))

    async def register(
        self, mi_id: str = "mi-1", market: str = "ES", *, key: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Registers a member."""
        input_ = {"miId": mi_id, "market": market, "birthDate": "1990-05-17"} | more
        return await self.storefront(REGISTER, input=input_, key=key or f"join-{uuid4()}")

    async def earn(
        self,
        activity: Mapping[str, Any],
        mi_id: str = "mi-1",
        *,
        key: str | None = None,
        at: str | None = None,
    ) -> dict[str, Any]:
        """Sends one activity from the app."""
        input_ = {"activity": activity} | ({"occurredAt": at} if at else {})
        return await self.app(mi_id, EARN, input=input_, key=key or str(uuid4()))

    async def redeem(self, reward: str = "es-5", mi_id: str = "mi-1", *, key: str | None = None) -> dict[str, Any]:
        """The member redeems points for a coupon; `reward` is the reward's catalogue id."""
        rewards = await self.ask(
            "query($m: Market!) { rewards(market: $m) { id value { amountMinor } } }",
            {"m": reward[:2].upper()},
        )
        value = int(reward.rpartition("-")[2]) * 100
        reward_id = next(each["id"] for each in rewards["rewards"] if each["value"]["amountMinor"] == value)
        return await self.app(mi_id, REDEEM, input={"rewardId": reward_id}, key=key or str(uuid4()))

    async def order(
        self,
        number: str,
        lines: list[tuple[str, int, int]],
        mi_id: str = "mi-1",
        *,
        key: str | None = None,
        parcels: Mapping[str, Mapping[str, int]] | list[dict[str, Any]] | None = None,
        carrier: str | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """The storefront records an order. Lines are (id, quantity, paid in minor units); their products are p-<line>.

        Parcels are pieces by tracking number, or have the form of the API.
        """
        input_ = {
            "number": number,
            "miId": mi_id,
            "placedAt": (await self.now()).isoformat(),
            "currency": "EUR",
            "lines": [{"id": id_, "productId": f"p-{id_}", "quantity": n, "paidMinor": paid} for id_, n, paid in lines],
        } | more
        if isinstance(parcels, list):
            input_["parcels"] = parcels
        elif parcels is not None:
            input_["parcels"] = [
                {
                    "trackingNumber": number_,
                    "carrier": carrier,
                    "lines": [{"lineId": id_, "quantity": n} for id_, n in pieces.items()],
                }
                for number_, pieces in parcels.items()
            ]
        return await self.storefront(ORDER, input=input_, key=key or str(uuid4()))

    async def parcels(self, number: str, parcels: Mapping[str, Mapping[str, int]], **more: Any) -> dict[str, Any]:
        """The storefront reports an order's parcels: pieces by tracking number; `carrier` and `key` may be given."""
        key, carrier = more.get("key") or str(uuid4()), more.get("carrier")
        inputs = [
            {"trackingNumber": tracking, "carrier": carrier, "lines": pieces_of(pieces)}
            for tracking, pieces in parcels.items()
        ]
        return await self.storefront(changing("recordParcels"), input={"number": number, "parcels": inputs}, key=key)

    async def add_lines(self, number: str, lines: list[tuple[str, int, int]], **more: Any) -> dict[str, Any]:
        """The storefront adds lines, as (id, quantity, paid in minor units), to an order."""
        key = more.pop("key", None) or str(uuid4())
        added = [{"id": id_, "productId": f"p-{id_}", "quantity": n, "paidMinor": paid} for id_, n, paid in lines]
        return await self.storefront(
            changing("addOrderLines"), input={"number": number, "lines": added} | more, key=key
        )

    async def cancel(
        self, number: str, id_: str, pieces: Mapping[str, int] | None = None, **more: Any
    ) -> dict[str, Any]:
        """The storefront cancels pieces of an order, or all that is not delivered."""
        key = more.pop("key", None) or str(uuid4())
        lines = {} if pieces is None else {"lines": pieces_of(pieces)}
        input_ = {"number": number, "cancellationId": id_} | lines | more
        return await self.storefront(changing("cancelOrder"), input=input_, key=key)

    async def balance(self, mi_id: str = "mi-1") -> tuple[int, int, int]:
        """Returns available, pending and debt, in points."""
        me = await self.app(mi_id, "{ me { balance { available pending debt } } }")
        return me["balance"]["available"], me["balance"]["pending"], me["balance"]["debt"]

    async def history(self, mi_id: str = "mi-1") -> list[tuple[str, int, int]]:
        """Returns kind, points and balance after each line of history, newest first."""
        me = await self.app(mi_id, "{ me { pointsHistory(first: 100) { nodes { kind points balanceAfter } } } }")
        return [(e["kind"], e["points"], e["balanceAfter"]) for e in me["pointsHistory"]["nodes"]]

    async def webhook(
        self, type_: str, data: Mapping[str, Any], *, id_: str | None = None, producer: str = "native"
    ) -> httpx.Response:
        """Sends a shipper's webhook, signed as the shipper does."""
        body = json.dumps({"type": type_, "timestamp": "2026-11-03T12:00:00Z", "data": data}).encode()
        return await self.http.post(
            f"/webhooks/{producer}", content=body, headers=signed(body, id_ or f"evt-{uuid4()}")
        )

    async def delivered(self, order: str, tracking: str | None = None, **more: Any) -> None:
        """Sends the delivery of a parcel, and has a worker apply it."""
        await self.send_event("shipment.delivered", order, tracking_number=tracking, **more)

    async def returned(self, order: str, return_id: str, **more: Any) -> None:
        """Sends the receipt of a return, and has a worker apply it."""
        await self.send_event("return.received", order, return_id=return_id, **more)

    async def send_event(self, type_: str, order: str, **data: Any) -> None:
        """Sends any shipping event, which must be accepted, and has a worker apply it."""
        content = {"order_number": order, "occurred_at": "2026-11-03T11:59:30Z"} | {
            k: v for k, v in data.items() if v is not None
        }
        answer = await self.webhook(type_, content)
        assert answer.is_success, answer.text
        await self.drain()

    async def now(self) -> Any:
        """Returns the programme's time."""
        return await clock.now(self.owner)

    async def advance(self, **duration: float) -> None:
        """Moves the clock by `timedelta(**duration)`, then does the work that became due."""
        await clock.advance(self.owner, 0, timedelta(**duration))
        await self.drain()

    async def drain(self) -> None:
        """Does the workers' work until none is due any more."""
        await drain(self.programme)


def signed(body: bytes, id_: str, *, key: bytes = NATIVE_KEY, at: int | None = None) -> dict[str, str]:
    """Returns the headers of Standard Webhooks for a body."""
    timestamp = str(at if at is not None else int(time.time()))
    digest = hmac.new(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(digest).decode()
    return {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
    }


@asynccontextmanager
async def open_stage(shared: Shared, *, buffers: int | None = None, **others: Any) -> AsyncIterator[Stage]:
    """Starts the API on a free port of this machine, and stops it at the end of the block."""
    settings = settings_for(shared.url, **others)
    db = replace(shared.db, seconds=settings.deadline_seconds)
    programme = Programme.of(db, settings)
    woken: list[str] = []

    async def wake(job: str, _at: object) -> None:
        woken.append(job)

    rejections, changes = Rejections(db), Followers.of(settings)
    app = create_app(
        settings, programme, wake, Verifier(settings), rejections=rejections, changes=changes, documents=DOCUMENTS
    )
    async with (
        served(app, buffers, EdgeLimits.of(settings)) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE, verify=NO_AUTHORITIES) as http,
    ):
        try:
            yield Stage(settings, programme, shared.owner, http, rejections, woken, changes)
        finally:
            await changes.close()
    await rejections.close()


_VERDICT = """verdict {
  id outcome code kind points message pendingPoints { points dueAt awaiting } cap { limit used left resetsAt } }"""
_REFUSAL = "... on Refusal { code message }"
REGISTER = f"""mutation($input: RegisterMemberInput!, $key: ID!) {{
  registerMember(input: $input, idempotencyKey: $key) {{
    __typename ... on MemberRegistered {{ member {{ id miId market timeZone state }} {_VERDICT} }} {_REFUSAL}
    ... on InvalidInput {{ path }}
  }} }}"""
EARN = f"""mutation($input: EarnPointsInput!, $key: ID!) {{
  earnPoints(input: $input, idempotencyKey: $key) {{
    __typename ... on PointsVerdict {{ {_VERDICT} }} {_REFUSAL} ... on InvalidInput {{ path }}
  }} }}"""
REDEEM = f"""mutation($input: RedeemPointsInput!, $key: ID!) {{
  redeemPoints(input: $input, idempotencyKey: $key) {{
    __typename
    ... on PointsRedeemed {{
      coupon {{ id code state cost value {{ amountMinor currency }} expiresAt issuedAt }}
      entry {{ kind points balanceAfter }} }}
    {_REFUSAL} ... on NotEnoughPoints {{ needed available }}
  }} }}"""


def pieces_of(pieces: Mapping[str, int]) -> list[dict[str, Any]]:
    """Returns pieces by line in the form of the API."""
    return [{"lineId": id_, "quantity": n} for id_, n in pieces.items()]


def changing(mutation: str) -> str:
    """Returns the document of a mutation that changes an order."""
    return ORDER.replace("RecordOrderInput", mutation[0].upper() + mutation[1:] + "Input").replace(
        "recordOrder", mutation
    )


ORDER = f"""mutation($input: RecordOrderInput!, $key: ID!) {{
  recordOrder(input: $input, idempotencyKey: $key) {{
    __typename
    ... on OrderRecorded {{ order {{ id number pointsCredited pointsPending total {{ amountMinor }} }} {_VERDICT} }}
    {_REFUSAL} ... on InvalidInput {{ path }}
  }} }}"""
