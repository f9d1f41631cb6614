"""The sandbox's small programme: members in every market, campaigns, points, an order on its way.

Told to a running server as its clients would tell it; campaigns come from data files, as `campaign load` takes them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from api.graphiql import LUCIA, OLIVER
from db import clock
from db.pool import Database
from loyalty.operators.campaigns import load_campaigns
from loyalty.programme.files import Document, shipped_campaign
from loyalty.programme.programme import Programme
from loyalty.settings import Settings
from loyalty.tokens import issue
from mipoints.client import Api, Unexpected
from mipoints.documents import EARN, ORDER, RECORD_ORDER, REGISTER
from mipoints.signing import NATIVE, first_secret, signed_headers

DEMO_MEMBERS = {
    "ES": LUCIA,
    "FR": "demo-fr-camille",
    "IT": "demo-it-giulia",
    "DE": "demo-de-jonas",
    "NL": "demo-nl-sanne",
    "GB": OLIVER,
}
DELIVERED, ON_ITS_WAY = "DEMO-ES-1", "DEMO-ES-2"
_RUNS_FOR = timedelta(days=60)


def _from_today(example: Document, today: date, markets: list[str]) -> Document:
    """The shipped example on days of our own, as its comment says."""
    last_day = today + _RUNS_FOR
    window = {"markets": markets, "first_day": today.isoformat(), "last_day": last_day.isoformat()}
    campaigns = example["campaigns"]
    assert isinstance(campaigns, list)
    renamed = [{**campaign, "id": f"demo-{campaign['id']}-from-{today}"} for campaign in campaigns]
    return {"windows": [window], "campaigns": renamed}


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's way to one server."""

    api: Api
    settings: Settings
    db: Database

    async def load(self) -> bool:
        """Tells the whole demo; False where it was told before. Cut off in the middle, it goes on the next time."""
        if await self._is_known(ON_ITS_WAY):
            return False
        await self._announce_campaigns()
        for market, mi_id in DEMO_MEMBERS.items():
            await self._join(mi_id, market)
            await self._earn(mi_id, "appSignIn", {})
            await self._earn(mi_id, "fuel", {})
        await self._earn(LUCIA, "socialShare", {"productId": "redmi-watch-5", "network": "mastodon"})
        await self._earn(LUCIA, "linkShare", {"productId": "mi-band-9"})
        await self._order(DELIVERED, [("1", "xiaomi-15", 1, 64_999)], {"DEMO-PARCEL-1": ["1"]})
        await self._deliver(DELIVERED, "DEMO-PARCEL-1")
        await self._order(
            ON_ITS_WAY,
            [("1", "mi-band-9", 1, 4_999), ("2", "xiaomi-pad-7", 1, 39_999)],
            {"DEMO-PARCEL-2": ["1"], "DEMO-PARCEL-3": ["2"]},
        )
        return True

    async def _join(self, mi_id: str, market: str) -> None:
        told = {"miId": mi_id, "market": market, "birthDate": "1990-05-17"}
        await self._tell(REGISTER, told, f"demo-join-{mi_id}", "MemberRegistered", self._storefront)

    async def _earn(self, mi_id: str, activity: str, details: dict[str, str]) -> None:
        token = issue(self.settings, member=mi_id)
        told = {"activity": {activity: details}}
        await self._tell(EARN, told, f"demo-{activity}", "PointsVerdict", token)

    async def _order(
        self, number: str, lines: Sequence[tuple[str, str, int, int]], parcels: dict[str, list[str]]
    ) -> None:
        """An order of Lucía's, told once: the moment it was placed is part of it."""
        if await self._is_known(number):
            return
        told = {
            "number": number,
            "miId": LUCIA,
            "placedAt": await self._moment(),
            "currency": "EUR",
            "lines": [
                {"id": id_, "productId": product, "quantity": quantity, "paidMinor": paid}
                for id_, product, quantity, paid in lines
            ],
            "parcels": [
                {
                    "trackingNumber": parcel,
                    "carrier": "correos",
                    "lines": [{"lineId": id_, "quantity": 1} for id_ in ids],
                }
                for parcel, ids in parcels.items()
            ],
        }
        await self._tell(RECORD_ORDER, told, f"demo-order-{number}", "OrderRecorded", self._storefront)

    async def _deliver(self, number: str, parcel: str) -> None:
        data = {"order_number": number, "tracking_number": parcel, "occurred_at": await self._moment()}
        body = json.dumps({"type": "shipment.delivered", "data": data}).encode()
        secret = first_secret(NATIVE, self.settings.webhook_secrets)
        answer = await self.api.deliver(NATIVE, signed_headers(NATIVE, secret, body, f"demo-{parcel}"), body)
        if not answer.is_success:
            raise Unexpected(f"The demo's webhook was answered with {answer.status_code}: {answer.text}")

    async def _is_known(self, number: str) -> bool:
        return await self.api.ask(ORDER, {"number": number}, self._storefront) is not None

    async def _tell(self, document: str, told: dict[str, Any], key: str, expected: str, token: str) -> None:
        answer = await self.api.ask(document, {"input": told, "key": key}, token)
        if answer is None or answer["__typename"] != expected:
            raise Unexpected(f"The demo expected {expected} and was answered {answer}.")

    async def _announce_campaigns(self) -> None:
        """The shipped campaign files as an operator loads them, and double points from today on."""
        markets = list((await Programme(self.db).catalogue()).open_markets)
        example = shipped_campaign("double_points_example")
        today = (await clock.now(self.db)).date()
        for document in (shipped_campaign("members_week_2022"), example, _from_today(example, today, markets)):
            await load_campaigns(self.db, document, "demo")

    async def _moment(self) -> str:
        return (await clock.now(self.db)).isoformat()

    @property
    def _storefront(self) -> str:
        return issue(self.settings, scope="storefront", name="demo-storefront")
