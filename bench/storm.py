"""Sends 20,000 deliveries about 500 orders while workers are killed. `make faults` prints the figures.

Each event is sent one to four times, shuffled over all producers and the storefront, which reports parcels, added lines
and cancellations; of 100 deliveries 5 are forged and 1 can never be applied. Servers, workers, Postgres and Redis are
real. At the end the ledger is compared with the pure fold of the facts, and all deliveries are sent once more.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from bench.running import Programme, programme_running, skip_pauses, until_applied
from loyalty.orders.rules.facts import (
    Cancelled,
    Delivered,
    Fact,
    InTransit,
    Lost,
    Movement,
    Returned,
    ReturnedToSender,
)
from loyalty.orders.rules.growth import LinesAdded, ParcelRecorded
from loyalty.orders.rules.order import Order, OrderLine, Parcel
from loyalty.orders.rules.purchase import worth
from loyalty.orders.rules.shipment import fold
from loyalty.orders.sources import reported_by
from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.events import ReportedOrder, Sent
from tests.support.hostile.bodies import CARRIERS, as_bytes, native, shopify_cancellation, shopify_refund
from tests.support.ledger import ledger, points_in_the_ledger
from tests.support.stage import WEBHOOK_SECRETS, changing, pieces_of
from tests.support.terms import ES

SEED = int(os.environ.get("MIPOINTS_STORM_SEED", "1"))
DELIVERIES = int(os.environ.get("MIPOINTS_STORM", "20000"))
ORDERS = DELIVERIES // 40
MEMBERS = max(1, ORDERS // 10)
FORGED, POISON = 0.05, 0.01
LATE_PARCELS = 0.5
"""The share of orders whose parcels are reported in the storm, by the storefront."""

STOREFRONT, ADDED = "storefront", str(10**15 + 99)
SENDERS = 24
A_DAY = "86400"
"""The hold of sign-up points in seconds. With five minutes, they could be credited during the run, and the repeated
deliveries would seem to have changed the ledger."""


@dataclass(frozen=True, slots=True)
class StormEvent:
    """One event about one order, as it is sent. `is_forged`: signed with a wrong key. `is_poison`: can never be
    applied. `fact`: what a mutation of the storefront reports."""

    producer: str
    event_id: str
    body: bytes
    order: str
    is_forged: bool = False
    is_poison: bool = False
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class Storm:
    """All orders, and all deliveries in the sequence in which they are sent."""

    orders: tuple[Order, ...]
    deliveries: tuple[StormEvent, ...]


def storm(random: Random, placed_at: datetime) -> Storm:
    """Returns the storm of a seed; the same seed gives the same storm."""
    whole = [_order(random, str(4_500_000_000_000_000_000 + n), placed_at) for n in range(ORDERS)]
    later = [order for order in whole if random.random() < LATE_PARCELS]
    growth = [*(_parcels(order) for order in later), *(_lines(random, order) for order in whole[::4])]
    events = [event for order in whole for event in _events(random, order)]
    sent = [event for event in events for _ in range(random.randint(1, 4))]
    random.shuffle(sent)
    sent = [*sent[: DELIVERIES - 2 * len(growth)], *growth, *growth]
    random.shuffle(sent)
    orders = tuple(replace(order, parcels=()) if order in later else order for order in whole)
    return Storm(orders, tuple(sent))


def _parcels(order: Order) -> StormEvent:
    """Returns the storefront's report of an order's parcels."""
    parcels = [
        {"trackingNumber": each.tracking_number, "carrier": each.carrier, "lines": pieces_of(each.pieces)}
        for each in order.parcels
    ]
    return _mutation("recordParcels", order.number, {"parcels": parcels}, None)


def _lines(random: Random, order: Order) -> StormEvent:
    """Returns the storefront's report of a line that an order got."""
    line = OrderLine(ADDED, "p-added", random.randint(1, 2), random.randint(100, 9_000))
    added_at = order.placed_at + timedelta(minutes=random.randint(1, 600))
    lines = [{"id": line.id, "productId": line.product_id, "quantity": line.quantity, "paidMinor": line.paid_minor}]
    content = {"lines": lines, "addedAt": added_at.isoformat()}
    return _mutation("addOrderLines", order.number, content, LinesAdded((line,), 0, added_at))


def _mutation(name: str, number: str, content: Mapping[str, object], fact: Fact | None) -> StormEvent:
    key = f"{name}-{number}-{fact.key if fact is not None else ''}"
    variables = {"input": {"number": number, **content}, "key": key}
    return StormEvent(STOREFRONT, key, as_bytes({"query": changing(name), "variables": variables}), number, fact=fact)


def _order(random: Random, number: str, placed_at: datetime) -> Order:
    lines = tuple(
        OrderLine(str(10**15 + n), f"p-{n}", random.randint(1, 3), random.randint(100, 60_000))
        for n in range(random.randint(1, 4))
    )
    boxes: list[dict[str, int]] = [{} for _ in range(random.randint(1, 3))]
    for line in lines:
        box = random.choice(boxes)
        box[line.id] = line.quantity
    parcels = tuple(Parcel(f"T{number}-{n}", "FedEx", box) for n, box in enumerate(boxes) if box)
    return Order(number, placed_at, "EUR", lines, random.choice((0, 499)), 0, parcels)


def _events(random: Random, order: Order) -> list[StormEvent]:
    """Returns sixteen events of one order, from several producers: its parcels' movements and its returns."""
    events = [_event(random, order) for _ in range(16)]
    forged = [_forged(random, order) for event in events if random.random() < FORGED]
    poison = [_poison(random, order) for event in events if random.random() < POISON]
    return events + forged + poison


def _event(random: Random, order: Order) -> StormEvent:
    moment = order.placed_at + timedelta(minutes=random.randint(1, 600))
    if random.random() < 0.08:
        return _cancellation(random, order, moment)
    if random.random() < 0.25:
        return _return(random, order, moment)
    if random.random() < 0.05:
        return _with_an_added_line(random, order, moment)
    parcel = random.choice(order.parcels)
    kind = random.choices((InTransit, Delivered, ReturnedToSender, Lost), (6, 10, 1, 1))[0]
    return _movement(random, order, kind(parcel.tracking_number, None, (), moment))


def _movement(random: Random, order: Order, fact: Movement) -> StormEvent:
    id_ = f"{random.getrandbits(64):016x}"
    producer = "native" if isinstance(fact, Lost) else random.choice(("native", *CARRIERS))
    make = CARRIERS.get(producer, native)
    return StormEvent(producer, id_, as_bytes(make(fact, order.number, id_)), order.number)  # type: ignore[arg-type]


def _cancellation(random: Random, order: Order, moment: datetime) -> StormEvent:
    """Returns a cancellation, by one of the three that report them."""
    id_, line = f"{random.getrandbits(62):016x}", random.choice(order.lines)
    lines = ((line.id, random.randint(1, line.quantity)),)
    match random.choice(("native", "shopify", STOREFRONT)):
        case "native":
            body = native(Cancelled(id_, lines, moment), order.number, id_)
            return StormEvent("native", id_, as_bytes(body), order.number)
        case "shopify":
            body = shopify_cancellation(Cancelled(id_, lines, moment), order.number, id_)
            return StormEvent("shopify", id_, as_bytes(body), order.number)
    content = {"cancellationId": id_, "lines": pieces_of(dict(lines)), "cancelledAt": moment.isoformat()}
    return _mutation("cancelOrder", order.number, content, Cancelled(id_, lines, moment, STOREFRONT))


def _with_an_added_line(random: Random, order: Order, moment: datetime) -> StormEvent:
    """Returns a delivery of a line that the order has, and of one that it may get."""
    fact = Delivered(None, None, ((random.choice(order.lines).id, 1), (ADDED, 1)), moment)
    id_ = f"{random.getrandbits(64):016x}"
    return StormEvent("native", id_, as_bytes(native(fact, order.number, id_)), order.number)


def _return(random: Random, order: Order, moment: datetime) -> StormEvent:
    id_ = f"{random.getrandbits(64):016x}"
    line = random.choice(order.lines)
    lines = ((line.id, random.randint(1, line.quantity)),) if random.random() < 0.7 else ()
    shipping = random.choice((0, order.shipping_minor))
    amount = None if lines else shipping + random.randint(1, 5_000)
    fact = Returned(f"R{id_}", None, lines, amount, shipping if amount else 0, moment)
    if random.random() < 0.5:
        return StormEvent("shopify", id_, as_bytes(shopify_refund(fact, order.number, id_)), order.number)
    return StormEvent("native", id_, as_bytes(native(fact, order.number, id_)), order.number)


def _forged(random: Random, order: Order) -> StormEvent:
    """Returns a forged return. It would take all points back if its signature were not verified."""
    id_ = f"forged-{random.getrandbits(64):016x}"
    fact = Returned(id_, None, (), None, 0, order.placed_at + timedelta(hours=11))
    return StormEvent("native", id_, as_bytes(native(fact, order.number, id_)), order.number, is_forged=True)


def _poison(random: Random, order: Order) -> StormEvent:
    """Returns a signed return of a line that its order does not have."""
    id_ = f"poison-{random.getrandbits(64):016x}"
    fact = Returned(id_, None, (("no such line", 1),), None, 0, order.placed_at + timedelta(hours=11))
    return StormEvent("native", id_, as_bytes(native(fact, order.number, id_)), order.number, is_poison=True)


def expected(sent: Storm) -> dict[str, int]:
    """Returns the points of each order by the pure fold of all its facts, without forged and poison events."""
    facts: dict[str, list[Fact]] = {order.number: [] for order in sent.orders}
    for each in sent.deliveries:
        if not (each.is_forged or each.is_poison):
            facts[each.order] += _facts_of(each)
    states = [fold(order, facts[order.number]) for order in sent.orders]
    return {state.order.number: worth(state.order, state.kept, ES, ()).total for state in states}


def _facts_of(event: StormEvent) -> list[Fact]:
    if event.fact is not None:
        return [event.fact]
    if event.producer == STOREFRONT:
        return _parcels_in(event)
    adapter = PRODUCERS[event.producer]
    headers = adapter.sign(_key_of(event.producer), event.body, event.event_id, datetime.now(UTC))
    reported = adapter.read(Sent({name.lower(): text for name, text in headers.items()}, event.body), datetime.now(UTC))
    assert isinstance(reported, ReportedOrder), reported
    return [reported_by(fact, event.producer) for fact in reported.facts]


def _parcels_in(event: StormEvent) -> list[Fact]:
    parcels = json.loads(event.body)["variables"]["input"]["parcels"]
    pieces = [tuple((line["lineId"], line["quantity"]) for line in each["lines"]) for each in parcels]
    return [
        ParcelRecorded(each["trackingNumber"], each["carrier"], held, datetime.now(UTC))
        for each, held in zip(parcels, pieces, strict=True)
    ]


def _key_of(producer: str) -> str:
    return WEBHOOK_SECRETS[producer][0]


@dataclass(slots=True)
class Sender:
    """Sends deliveries until each is acknowledged or refused for good, as producers do."""

    http: httpx.AsyncClient
    statuses: Counter[int]
    token: str

    async def send_all(self, deliveries: Sequence[StormEvent]) -> None:
        """Sends all deliveries in this sequence, SENDERS at a time."""
        waiting = iter(deliveries)

        async def one_after_another() -> None:
            for event in waiting:
                await self._send(event)

        await asyncio.gather(*(one_after_another() for _ in range(SENDERS)))

    async def _send(self, event: StormEvent) -> None:
        if event.producer == STOREFRONT:
            return await self._mutate(event)
        key = "whsec_" + "Zm9yZ2Vk" if event.is_forged else _key_of(event.producer)
        while True:
            headers = PRODUCERS[event.producer].sign(key, event.body, event.event_id, datetime.now(UTC))
            with contextlib.suppress(httpx.TransportError):
                answer = await self.http.post(f"/webhooks/{event.producer}", content=event.body, headers=dict(headers))
                self.statuses[answer.status_code] += 1
                if answer.status_code < 500:
                    return None
            await asyncio.sleep(0.1)

    async def _mutate(self, event: StormEvent) -> None:
        """Sends a mutation until it is answered; any answer but the order is a fault of this bench."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await self.http.post("/graphql", content=event.body, headers=headers)
                body = answer.json()
                if "errors" not in body:
                    (result,) = body["data"].values()
                    assert result["__typename"] == "OrderRecorded", (event, result)
                    self.statuses[answer.status_code] += 1
                    return
                assert body["errors"][0]["extensions"]["code"] == "UNAVAILABLE", body
            await asyncio.sleep(0.1)


async def _kill_workers(programme: Programme, killed: list[int]) -> None:
    """Kills one of the two workers every four seconds and starts another one, so each worker lives eight seconds."""
    while True:
        await asyncio.sleep(4)
        killed.append(await programme.kill_a_worker())


@contextlib.asynccontextmanager
async def beside(*work: "asyncio.Task[None]") -> AsyncIterator[None]:
    try:
        yield
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


async def run(folder: Path, stack: ExitStack) -> Mapping[str, str]:
    """Runs the storm and returns the figures by name."""
    programme = await programme_running(folder, stack, workers=2, MIPOINTS_HOLD_SECONDS=A_DAY)
    owner = await asyncpg.connect(programme.database_url)
    placed_at = await owner.fetchval("select date_trunc('second', programme_now()) - interval '12 hours'")
    all_events = storm(Random(SEED), placed_at)
    await programme.record_orders(all_events.orders, MEMBERS)
    statuses: Counter[int] = Counter()
    killed: list[int] = []
    started = asyncio.get_running_loop().time()
    async with httpx.AsyncClient(base_url=programme.url, timeout=30) as http:
        sender = Sender(http, statuses, programme.storefront_token())
        killing = asyncio.create_task(_kill_workers(programme, killed))
        async with beside(killing, asyncio.create_task(skip_pauses(programme.database_url))):
            await sender.send_all(all_events.deliveries)
            sent = asyncio.get_running_loop().time()
            await until_applied(owner)
        done = asyncio.get_running_loop().time()
        figures = await _judged(owner, all_events, statuses)
        before = await ledger(owner)
        again: Counter[int] = Counter()
        await Sender(http, again, programme.storefront_token()).send_all(all_events.deliveries)
        await until_applied(owner)
        figures["sent once more, ledger changed"] = str(await ledger(owner) != before)
    figures["workers killed"] = str(len(killed))
    figures["seconds to send, to apply the rest"] = f"{sent - started:.0f}, {done - sent:.0f}"
    figures["audit"] = await programme.audit()
    await owner.close()
    return figures


async def _judged(owner: asyncpg.Connection, sent: Storm, statuses: Counter[int]) -> dict[str, str]:
    wanted, actual = expected(sent), await points_in_the_ledger(owner)
    wrong = {number for number, points in wanted.items() if actual.get(number) != points}
    forged = {each.event_id for each in sent.deliveries if each.is_forged}
    poison = {each.event_id for each in sent.deliveries if each.is_poison}
    rows = await owner.fetch("select event_id, state from inbox")
    states = Counter(row["state"] for row in rows)
    dead = {row["event_id"] for row in rows if row["state"] == "DEAD"}
    return {
        "deliveries, orders": f"{len(sent.deliveries)}, {len(sent.orders)}",
        "answers": ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items())),
        "events stored": ", ".join(f"{count} {state}" for state, count in sorted(states.items())),
        "orders whose points differ from the fold": str(len(wrong)),
        "forged events sent, stored": f"{len(forged)}, {len(forged & {row['event_id'] for row in rows})}",
        "poison sent, dead, other dead": f"{len(poison)}, {len(poison & dead)}, {len(dead - poison)}",
    }


def main() -> None:
    """Runs all of it in a temporary folder, and exits with 1 if a figure is wrong."""
    with tempfile.TemporaryDirectory(prefix="mipoints-storm-") as folder, ExitStack() as stack:
        figures = asyncio.run(run(Path(folder), stack))
    table = Table(f"A storm of webhooks, seed {SEED}", "")
    for name, figure in figures.items():
        table.add_row(name, figure)
    Console().print(table)
    must = {
        "orders whose points differ from the fold": "0",
        "sent once more, ledger changed": "False",
        "audit": "sound",
    }
    forged, poison = (
        figures[name].split(", ") for name in ("forged events sent, stored", "poison sent, dead, other dead")
    )
    as_it_must = all(figures[name] == figure for name, figure in must.items())
    sys.exit(0 if as_it_must and forged[1] == "0" and poison[0] == poison[1] and poison[2] == "0" else 1)


if __name__ == "__main__":
    main()
