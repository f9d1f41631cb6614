"""Plays an example story of one member against a running server, through its public interfaces only."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from db import clock
from db.pool import Database
from loyalty.settings import Settings
from loyalty.tokens import issue
from mipoints.advance_clock import advance_clock
from mipoints.client import Api, Unexpected, new_http
from mipoints.database import opened_database
from mipoints.documents import (
    BALANCE,
    CAMPAIGNS,
    EARN,
    HISTORY,
    ORDER,
    RECORD_ORDER,
    REDEEM,
    REGISTER,
    REWARDS,
    TERMS,
)
from mipoints.polling import until
from mipoints.signing import NATIVE, first_secret, signed_headers
from mipoints.tour_printer import TourPrinter

MARKET = "ES"
HOLD = "5m"
AS_MEMBER, AS_STOREFRONT, AS_ANYBODY = "the member", "the storefront", "anybody"
STEP_SECONDS = 30.0
PHONES, PHONE_MINOR, BAND_MINOR = 2, 49_999, 5_000


async def play(url: str, settings: Settings, *, quick: bool) -> None:
    """Plays the story with a new Mi account. Raises Unexpected at the first answer that the story does not expect."""
    secret = first_secret(NATIVE, settings.webhook_secrets)
    async with new_http() as http, opened_database(settings, role=None) as db:
        await Tour(Api(http, url), settings, db, secret, TourPrinter(quick=quick)).play()


@dataclass(slots=True)
class Tour:
    """One run of the story: its member, and the points that the member should have so far."""

    api: Api
    settings: Settings
    db: Database
    secret: str
    printer: TourPrinter
    mi_id: str = field(default_factory=lambda: f"tour-{uuid4().hex[:8]}")
    total: int = 0  # available and pending together: when a point is credited depends on the workers
    credited: int = 0  # the order's credited points
    worth: int = 0  # the order's credited and pending points
    _terms: dict[str, int] = field(default_factory=dict)
    _more_is_fine: bool = False

    @property
    def order(self) -> str:
        """The number of the tour's order."""
        return f"{self.mi_id}-order".upper()

    async def play(self) -> None:
        """Plays all chapters. Raises Unexpected."""
        await self.join()
        await self.collect_fuel()
        await self.share()
        await self.buy()
        await self.give_back()
        await self.redeem()
        await self.look_back()

    async def join(self) -> None:
        """The member registers, and signs in to the app for the first time."""
        self.printer.chapter(f"1. A new person, {self.mi_id}, joins mi.com and signs in to the app")
        await self._read_terms()
        registration = {"miId": self.mi_id, "market": MARKET, "birthDate": "1990-05-17"}
        answer = await self._mutate("registerMember", REGISTER, registration, AS_STOREFRONT, "MemberRegistered")
        self._expect_points("SIGN_UP", answer["verdict"]["points"])
        self.total += answer["verdict"]["points"]
        await self._balance()
        await self._earn("appSignIn", {}, "APP_SIGN_IN")
        await self._time_passes(HOLD)

    async def collect_fuel(self) -> None:
        """The member collects fuel on seven days in a row; the seventh earns the bonus."""
        self.printer.chapter("2. Fuel, seven days running")
        for day in range(1, 8):
            if day > 1:
                await self._time_passes("1d")
            more = self._terms["FUEL_STREAK"] if day == 7 else 0
            await self._earn("fuel", {}, "FUEL", more)
        await self._time_passes(HOLD)

    async def share(self) -> None:
        """The member shares three times on social accounts. A fourth share in the month is refused; a shared link has
        its own cap and is granted."""
        self.printer.chapter("3. Three shares on social accounts, and a fourth in the same month")
        for number in range(1, 4):
            await self._earn("socialShare", {"productId": f"tour-product-{number}"}, "SOCIAL_SHARE")
        verdict = await self._earn_anything("socialShare", {"productId": "tour-product-4"})
        self._expect((verdict["outcome"], verdict["code"]), ("REFUSED", "CAP_REACHED"), "the fourth share's verdict")
        await self._balance()
        self.printer.story("Sharing a product's link is counted apart.")
        link = {"productId": "tour-product-4", "url": "https://www.mi.com/es/product/tour-product-4"}
        await self._earn("linkShare", link, "LINK_SHARE")
        await self._time_passes(HOLD)

    async def buy(self) -> None:
        """The member buys an order in two parcels. The shipper sends the delivery of the first one twice."""
        self.printer.chapter("4. An order in two parcels")
        whole = PHONES * PHONE_MINOR + BAND_MINOR
        answer = await self._mutate(
            "recordOrder", RECORD_ORDER, await self._order_input(), AS_STOREFRONT, "OrderRecorded"
        )
        self._expect_amount(answer["verdict"]["points"], _points(whole), "the order's points")
        self.worth = answer["verdict"]["points"]
        self.total += self.worth
        await self._balance()
        self.printer.story("The parcel with the phones arrives; the shipper's webhook comes twice.")
        event = {"tracking_number": f"{self.order}-A", "occurred_at": await self._moment()}
        await self._webhook("shipment.delivered", event)
        await self._order_is_settled(_points(PHONES * PHONE_MINOR))
        await self._webhook("shipment.delivered", event, again=True)
        self.printer.story("The second parcel arrives.")
        await self._webhook("shipment.delivered", {"tracking_number": f"{self.order}-B"})
        await self._order_is_settled(_points(whole))

    async def give_back(self) -> None:
        """The member returns one of the two phones, and the points of that phone are taken back."""
        self.printer.chapter("5. One of the two phones is returned")
        event = {"return_id": f"{self.order}-R", "lines": [{"line_id": "1", "quantity": 1}]}
        await self._webhook("return.received", event)
        await self._order_is_settled(_points(PHONE_MINOR + BAND_MINOR))

    async def redeem(self) -> None:
        """The member redeems points for the cheapest coupon, at once."""
        self.printer.chapter("6. Points become a coupon")
        rewards = await self._read("rewards", REWARDS, {"market": MARKET})
        self._expect(bool(rewards), True, "rewards in the market")
        reward = min(rewards, key=lambda each: int(each["cost"]))
        answer = await self._mutate("redeemPoints", REDEEM, {"rewardId": reward["id"]}, AS_MEMBER, "PointsRedeemed")
        self._expect(answer["coupon"]["state"], "AVAILABLE", "the coupon's state")
        self.total -= reward["cost"]
        await self._balance()

    async def look_back(self) -> None:
        """Checks that the history adds up to the balance."""
        self.printer.chapter("7. The history")
        self.printer.request("pointsHistory", AS_MEMBER, HISTORY, {})
        member = await self.api.execute(HISTORY, {}, self._token_of(AS_MEMBER))
        lines = member["pointsHistory"]["nodes"]
        self.printer.history(lines)
        self._expect(sum(line["points"] for line in lines), self.total, "the sum of the history")
        self._expect(lines[0]["balanceAfter"], self.total, "the balance after the last line")
        self.printer.end(self.mi_id, len(lines), self.total)

    async def _read_terms(self) -> None:
        """Reads the points that the terms give for each way, and whether a campaign on all products may add to them."""
        terms = await self._read("terms", TERMS, {"market": MARKET})
        self._terms = {way["kind"]: way["points"] for way in terms["ways"]}
        now = await clock.now(self.db)
        self._more_is_fine = any(
            not campaign["productIds"] and datetime.fromisoformat(campaign["startsAt"]) <= now
            for campaign in await self._read("campaigns", CAMPAIGNS, {"market": MARKET})
        )

    async def _earn(self, activity: str, details: dict[str, str], kind: str, more: int = 0) -> None:
        """Sends an activity, and expects the points of the terms for it, plus `more`."""
        verdict = await self._earn_anything(activity, details)
        self._expect(verdict["outcome"], "GRANTED", f"the verdict on {activity}")
        self._expect_points(kind, verdict["points"], more)
        self.total += verdict["points"]
        await self._balance()

    async def _earn_anything(self, activity: str, details: dict[str, str]) -> dict[str, Any]:
        input_ = {"activity": {activity: details}}
        answer = await self._mutate("earnPoints", EARN, input_, AS_MEMBER, "PointsVerdict")
        verdict: dict[str, Any] = answer["verdict"]
        return verdict

    async def _read(self, name: str, document: str, variables: dict[str, Any]) -> Any:
        """Sends a query that needs no token, and prints it with its answer."""
        self.printer.request(name, AS_ANYBODY, document, variables)
        answer = await self.api.execute(document, variables)
        self.printer.answer({name: answer})
        return answer

    async def _mutate(
        self, name: str, document: str, input_: dict[str, Any], caller: str, expected: str
    ) -> dict[str, Any]:
        """Sends a mutation with a new idempotency key, and prints it with its answer. `expected` is the type of the
        answer."""
        variables = {"input": input_, "key": str(uuid4())}
        self.printer.request(name, caller, document, variables)
        answer = await self.api.execute(document, variables, self._token_of(caller))
        self.printer.answer(answer)
        self._expect((answer or {}).get("__typename"), expected, f"the answer to {name}")
        result: dict[str, Any] = answer
        return result

    async def _webhook(self, type_: str, data: dict[str, Any], *, again: bool = False) -> None:
        """Sends a shipper's event about the order. If `again`, the server must recognise the event as a duplicate."""
        content = {"order_number": self.order, "occurred_at": await self._moment()} | data
        body = json.dumps({"type": type_, "data": content}).encode()
        event_id = f"{self.order}-{data.get('tracking_number') or data.get('return_id')}"
        headers = signed_headers(NATIVE, self.secret, body, event_id)
        self.printer.webhook(headers, body)
        answer = await self.api.deliver(NATIVE, headers, body)
        self.printer.answer({"HTTP": answer.status_code, "body": answer.text})
        self._expect(answer.is_success, True, f"acceptance of {type_}")
        if again:
            self._expect("duplicate" in answer.text, True, "an answer that calls the repeated event a duplicate")
            await self._balance()

    async def _moment(self) -> str:
        return (await clock.now(self.db)).isoformat()

    async def _order_is_settled(self, points: int) -> None:
        """Waits until the order has credited `points`, and prints the balance."""

        async def has_moved() -> bool:
            return bool((await self._order_now())["pointsCredited"] != self.credited)

        await self._until(has_moved, f"order {self.order} to be settled")
        order = await self._order_now()
        self._expect_amount(order["pointsCredited"], points, "the points credited of the order")
        self.total += order["pointsCredited"] + order["pointsPending"] - self.worth
        self.credited, self.worth = order["pointsCredited"], order["pointsCredited"] + order["pointsPending"]
        await self._balance()

    async def _order_now(self) -> dict[str, Any]:
        order: dict[str, Any] = await self.api.execute(ORDER, {"number": self.order}, self._token_of(AS_STOREFRONT))
        return order

    async def _time_passes(self, duration: str) -> None:
        """Moves the clock by a duration, and waits until all pending points are credited."""
        self.printer.clock(duration, await advance_clock(self.db, duration))

        async def has_arrived() -> bool:
            return (await self._balance_now())["pending"] == 0

        await self._until(has_arrived, "pending points to be credited")
        await self._balance()

    async def _balance(self) -> None:
        """Prints the balance, and expects the points that the story has added up."""
        balance = await self._balance_now()
        self.printer.balance(BALANCE, balance)
        self._expect(balance["available"] + balance["pending"], self.total, "available and pending together")
        self._expect(balance["debt"], 0, "debt")

    async def _balance_now(self) -> dict[str, int]:
        member = await self.api.execute(BALANCE, {}, self._token_of(AS_MEMBER))
        balance: dict[str, int] = member["balance"]
        return balance

    async def _until(self, is_so: Callable[[], Awaitable[bool]], subject: str) -> None:
        try:
            await until(is_so, STEP_SECONDS)
        except TimeoutError:
            raise Unexpected(
                f"Waited {STEP_SECONDS:.0f} s for {subject} in vain: is a worker running, and on the same database?"
            ) from None

    def _expect_points(self, kind: str, points: int, more: int = 0) -> None:
        self._expect_amount(points, self._terms[kind] + more, f"points for {kind}")

    def _expect_amount(self, points: int, expected: int, subject: str) -> None:
        if not (self._more_is_fine and points > expected):
            self._expect(points, expected, subject)

    def _expect(self, actual: object, expected: object, subject: str) -> None:
        if actual != expected:
            raise Unexpected(f"Unexpected: {subject} should be {expected}, and is {actual}.")

    async def _order_input(self) -> dict[str, Any]:
        return {
            "number": self.order,
            "miId": self.mi_id,
            "placedAt": (await clock.now(self.db)).isoformat(),
            "currency": "EUR",
            "lines": [
                {"id": "1", "productId": "tour-phone", "quantity": PHONES, "paidMinor": PHONES * PHONE_MINOR},
                {"id": "2", "productId": "tour-band", "quantity": 1, "paidMinor": BAND_MINOR},
            ],
            "parcels": [
                {"trackingNumber": f"{self.order}-A", "lines": [{"lineId": "1", "quantity": PHONES}]},
                {"trackingNumber": f"{self.order}-B", "lines": [{"lineId": "2", "quantity": 1}]},
            ],
        }

    def _token_of(self, caller: str) -> str:
        if caller == AS_STOREFRONT:
            return issue(self.settings, scope="storefront", name="storefront")
        return issue(self.settings, member=self.mi_id)


def _points(minor: int) -> int:
    """One point for each currency unit paid, half a unit rounds up (R13). The rule is written here a second time,
    because the tour checks the server from outside. `minor` is the price in minor units."""
    return (minor + 50) // 100
