"""The programme's story, played against a running server through its public interfaces only."""

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
    """Plays it with a new Mi account. Raises Unexpected at the first answer that does not fit the story."""
    secret = first_secret(NATIVE, settings.webhook_secrets)
    async with new_http() as http, opened_database(settings, role=None) as db:
        await Tour(Api(http, url), settings, db, secret, TourPrinter(quick=quick)).play()


@dataclass(slots=True)
class Tour:
    """One playing: who it is about, and what they should have by now. Points."""

    api: Api
    settings: Settings
    db: Database
    secret: str
    tell: TourPrinter
    mi_id: str = field(default_factory=lambda: f"tour-{uuid4().hex[:8]}")
    total: int = 0  # available and pending together; which of the two is the workers' business
    credited: int = 0  # of the order
    worth: int = 0  # the order's, credited and pending
    _terms: dict[str, int] = field(default_factory=dict)
    _more_is_fine: bool = False

    @property
    def order(self) -> str:
        """The number of the tour's order."""
        return f"{self.mi_id}-order".upper()

    async def play(self) -> None:
        """The whole story."""
        await self.join()
        await self.collect_fuel()
        await self.share()
        await self.buy()
        await self.give_back()
        await self.redeem()
        await self.look_back()

    async def join(self) -> None:
        """Registration, and the first sign-in in the app."""
        self.tell.chapter(f"1. A new person, {self.mi_id}, joins mi.com and signs in to the app")
        await self._read_terms()
        told = {"miId": self.mi_id, "market": MARKET, "birthDate": "1990-05-17"}
        answer = await self._ask("registerMember", REGISTER, told, AS_STOREFRONT, "MemberRegistered")
        self._expect_points("SIGN_UP", answer["verdict"]["points"])
        self.total += answer["verdict"]["points"]
        await self._balance()
        await self._earn("appSignIn", {}, "APP_SIGN_IN")
        await self._time_passes(HOLD)

    async def collect_fuel(self) -> None:
        """Seven days running; the seventh brings the bonus."""
        self.tell.chapter("2. Fuel, seven days running")
        for day in range(1, 8):
            if day > 1:
                await self._time_passes("1d")
            more = self._terms["FUEL_STREAK"] if day == 7 else 0
            await self._earn("fuel", {}, "FUEL", more)
        await self._time_passes(HOLD)

    async def share(self) -> None:
        """Three shares a month on social accounts, a fourth that is refused, and a link shared beside them."""
        self.tell.chapter("3. Three shares on social accounts, and a fourth in the same month")
        for number in range(1, 4):
            await self._earn("socialShare", {"productId": f"tour-product-{number}"}, "SOCIAL_SHARE")
        verdict = await self._earn_anything("socialShare", {"productId": "tour-product-4"})
        self._expect((verdict["outcome"], verdict["code"]), ("REFUSED", "CAP_REACHED"), "the fourth share's verdict")
        await self._balance()
        self.tell.story("Sharing a product's link is counted apart.")
        link = {"productId": "tour-product-4", "url": "https://www.mi.com/es/product/tour-product-4"}
        await self._earn("linkShare", link, "LINK_SHARE")
        await self._time_passes(HOLD)

    async def buy(self) -> None:
        """An order in two parcels; the first is delivered, and its shipper says so twice."""
        self.tell.chapter("4. An order in two parcels")
        whole = PHONES * PHONE_MINOR + BAND_MINOR
        told = await self._told_order()
        answer = await self._ask("recordOrder", RECORD_ORDER, told, AS_STOREFRONT, "OrderRecorded")
        self._expect_amount(answer["verdict"]["points"], _points(whole), "the order's points")
        self.worth = answer["verdict"]["points"]
        self.total += self.worth
        await self._balance()
        self.tell.story("The parcel with the phones arrives; the shipper's webhook comes twice.")
        event = {"tracking_number": f"{self.order}-A", "occurred_at": await self._moment()}
        await self._webhook("shipment.delivered", event)
        await self._order_is_settled(_points(PHONES * PHONE_MINOR))
        await self._webhook("shipment.delivered", event, again=True)
        self.tell.story("The second parcel arrives.")
        await self._webhook("shipment.delivered", {"tracking_number": f"{self.order}-B"})
        await self._order_is_settled(_points(whole))

    async def give_back(self) -> None:
        """One of the two phones goes back: what the order is worth less is taken back."""
        self.tell.chapter("5. One of the two phones is returned")
        event = {"return_id": f"{self.order}-R", "lines": [{"line_id": "1", "quantity": 1}]}
        await self._webhook("return.received", event)
        await self._order_is_settled(_points(PHONE_MINOR + BAND_MINOR))

    async def redeem(self) -> None:
        """The cheapest coupon, at once."""
        self.tell.chapter("6. Points become a coupon")
        rewards = await self._read("rewards", REWARDS, {"market": MARKET})
        self._expect(bool(rewards), True, "rewards in the market")
        reward = min(rewards, key=lambda each: int(each["cost"]))
        told = {"rewardId": reward["id"]}
        answer = await self._ask("redeemPoints", REDEEM, told, AS_MEMBER, "PointsRedeemed")
        self._expect(answer["coupon"]["state"], "AVAILABLE", "the coupon's state")
        self.total -= reward["cost"]
        await self._balance()

    async def look_back(self) -> None:
        """The history adds up to the balance."""
        self.tell.chapter("7. The history")
        self.tell.request("pointsHistory", AS_MEMBER, HISTORY, {})
        member = await self.api.ask(HISTORY, {}, self._token_of(AS_MEMBER))
        lines = member["pointsHistory"]["nodes"]
        self.tell.history(lines)
        self._expect(sum(line["points"] for line in lines), self.total, "the sum of the history")
        self._expect(lines[0]["balanceAfter"], self.total, "the balance after the last line")
        self.tell.end(self.mi_id, len(lines), self.total)

    async def _read_terms(self) -> None:
        """What the terms give for each way, and whether a campaign on everything may add to it today."""
        terms = await self._read("terms", TERMS, {"market": MARKET})
        self._terms = {way["kind"]: way["points"] for way in terms["ways"]}
        now = await clock.now(self.db)
        self._more_is_fine = any(
            not campaign["productIds"] and datetime.fromisoformat(campaign["startsAt"]) <= now
            for campaign in await self._read("campaigns", CAMPAIGNS, {"market": MARKET})
        )

    async def _earn(self, activity: str, details: dict[str, str], kind: str, more: int = 0) -> None:
        """An activity that is granted what the terms say."""
        verdict = await self._earn_anything(activity, details)
        self._expect(verdict["outcome"], "GRANTED", f"the verdict on {activity}")
        self._expect_points(kind, verdict["points"], more)
        self.total += verdict["points"]
        await self._balance()

    async def _earn_anything(self, activity: str, details: dict[str, str]) -> dict[str, Any]:
        told = {"activity": {activity: details}}
        answer = await self._ask("earnPoints", EARN, told, AS_MEMBER, "PointsVerdict")
        verdict: dict[str, Any] = answer["verdict"]
        return verdict

    async def _read(self, name: str, document: str, variables: dict[str, Any]) -> Any:
        """One question that anybody may ask, shown with its answer."""
        self.tell.request(name, AS_ANYBODY, document, variables)
        answer = await self.api.ask(document, variables)
        self.tell.answer({name: answer})
        return answer

    async def _ask(self, name: str, document: str, told: dict[str, Any], who: str, expected: str) -> dict[str, Any]:
        """One mutation with a new idempotency key, shown with its answer."""
        variables = {"input": told, "key": str(uuid4())}
        self.tell.request(name, who, document, variables)
        answer = await self.api.ask(document, variables, self._token_of(who))
        self.tell.answer(answer)
        self._expect((answer or {}).get("__typename"), expected, f"the answer to {name}")
        result: dict[str, Any] = answer
        return result

    async def _webhook(self, type_: str, data: dict[str, Any], *, again: bool = False) -> None:
        """A shipper's event about the order; `again` is the same event once more."""
        told = {"order_number": self.order, "occurred_at": await self._moment()} | data
        body = json.dumps({"type": type_, "data": told}).encode()
        event_id = f"{self.order}-{data.get('tracking_number') or data.get('return_id')}"
        headers = signed_headers(NATIVE, self.secret, body, event_id)
        self.tell.webhook(headers, body)
        answer = await self.api.deliver(NATIVE, headers, body)
        self.tell.answer({"HTTP": answer.status_code, "body": answer.text})
        self._expect(answer.is_success, True, f"acceptance of {type_}")
        if again:
            self._expect("duplicate" in answer.text, True, "an answer that calls the repeated event a duplicate")
            await self._balance()

    async def _moment(self) -> str:
        return (await clock.now(self.db)).isoformat()

    async def _order_is_settled(self, points: int) -> None:
        """Waits until the order has brought what it should, and shows the balance after it."""

        async def has_moved() -> bool:
            return bool((await self._order_now())["pointsCredited"] != self.credited)

        await self._until(has_moved, f"order {self.order} to be settled")
        order = await self._order_now()
        self._expect_amount(order["pointsCredited"], points, "the points credited of the order")
        self.total += order["pointsCredited"] + order["pointsPending"] - self.worth
        self.credited, self.worth = order["pointsCredited"], order["pointsCredited"] + order["pointsPending"]
        await self._balance()

    async def _order_now(self) -> dict[str, Any]:
        order: dict[str, Any] = await self.api.ask(ORDER, {"number": self.order}, self._token_of(AS_STOREFRONT))
        return order

    async def _time_passes(self, duration: str) -> None:
        """Moves the clock past the hold; what was pending arrives."""
        self.tell.clock(duration, await advance_clock(self.db, duration))

        async def has_arrived() -> bool:
            return (await self._balance_now())["pending"] == 0

        await self._until(has_arrived, "pending points to be credited")
        await self._balance()

    async def _balance(self) -> None:
        """Shows the balance, which comes to what the story says."""
        balance = await self._balance_now()
        self.tell.balance(BALANCE, balance)
        self._expect(balance["available"] + balance["pending"], self.total, "available and pending together")
        self._expect(balance["debt"], 0, "debt")

    async def _balance_now(self) -> dict[str, int]:
        member = await self.api.ask(BALANCE, {}, self._token_of(AS_MEMBER))
        balance: dict[str, int] = member["balance"]
        return balance

    async def _until(self, is_so: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            await until(is_so, STEP_SECONDS)
        except TimeoutError:
            raise Unexpected(
                f"Waited {STEP_SECONDS:.0f} s for {what} in vain: is a worker running, and on the same database?"
            ) from None

    def _expect_points(self, kind: str, points: int, more: int = 0) -> None:
        self._expect_amount(points, self._terms[kind] + more, f"points for {kind}")

    def _expect_amount(self, points: int, expected: int, what: str) -> None:
        if not (self._more_is_fine and points > expected):
            self._expect(points, expected, what)

    def _expect(self, found: object, expected: object, what: str) -> None:
        if found != expected:
            raise Unexpected(f"Unexpected: {what} should be {expected}, and is {found}.")

    async def _told_order(self) -> dict[str, Any]:
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

    def _token_of(self, who: str) -> str:
        if who == AS_STOREFRONT:
            return issue(self.settings, scope="storefront", name="storefront")
        return issue(self.settings, member=self.mi_id)


def _points(minor: int) -> int:
    """A point per unit paid, half a unit up (R13), said here once more: the tour is a check from outside."""
    return (minor + 50) // 100
