"""Makes hostile requests from a seed, sends them over a few connections, and counts the answers."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from loyalty.orders.rules.order import Order
from tests.support.hostile.honest import honest, news_of, sample_bodies, signed
from tests.support.hostile.misplacing import SPOILERS
from tests.support.hostile.oddities import made_odd
from tests.support.hostile.spoiling import request
from tests.support.hostile.strange import strange
from tests.support.hostile.wire import Answer, Request, Wire

CONNECTIONS = 12
AT_ONCE = 500


@dataclass(slots=True)
class Answers:
    """The answers by status, the slowest one in seconds, and the first requests with a wrong answer."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    wrong: list[tuple[int, Request]] = field(default_factory=list)

    def add(self, sent: Request, answer: Answer, *, may_be_accepted: bool) -> None:
        """Adds an answer."""
        self.statuses[answer.status] += 1
        self.slowest = max(self.slowest, answer.seconds)
        if answer.status >= 500 or (200 <= answer.status < 300 and not may_be_accepted):
            self.wrong.append((answer.status, sent))

    def of(self, hundred: int) -> int:
        """Returns the number of answers with a status of this hundred, such as 4 for 4xx."""
        return sum(count for status, count in self.statuses.items() if status // 100 == hundred)


def unproven(random: Random, many: int) -> Iterator[Request]:
    """Yields requests without a valid signature, with all kinds of oddities."""
    bodies = sample_bodies()
    for _ in range(many):
        yield made_odd(random, random.choice(SPOILERS)(random, honest(random, bodies)))


def strange_bodies(random: Random, many: int, orders: Sequence[Order] = ()) -> Iterator[Request]:
    """Yields signed bodies with strange content, made from the samples, or from events about the given orders."""
    bodies = sample_bodies()
    for _ in range(many):
        producer = random.choice(list(bodies))
        order = random.choice(orders) if orders else None
        body = random.choice(bodies[producer]) if order is None else _news(random, producer, order)
        yield request(signed(producer, strange(random, body), f"evt-{random.getrandbits(64):016x}"), "strange body")


def _news(random: Random, producer: str, order: Order) -> bytes:
    parcel = random.choice(order.parcels)
    return news_of(random, producer, order.number, parcel.tracking_number, list(order.pieces))


async def send_all(ports: Sequence[int], requests: Iterable[Request], *, may_be_accepted: bool) -> Answers:
    """Sends all requests over a few connections to each server, some hundreds at a time.

    Requests are made before they are sent, so that an answer's time does not include the making of the next request.
    """
    answers, waiting = Answers(), iter(requests)
    wires = [Wire(ports[n % len(ports)]) for n in range(CONNECTIONS)]
    while made := list(islice(waiting, AT_ONCE)):
        left = iter(made)
        await asyncio.gather(*(_over_one(wire, left, answers, may_be_accepted=may_be_accepted) for wire in wires))
    for wire in wires:
        await wire.close()
    return answers


async def _over_one(wire: Wire, requests: Iterator[Request], answers: Answers, *, may_be_accepted: bool) -> None:
    for each in requests:
        answers.add(each, await wire.send(each), may_be_accepted=may_be_accepted)
