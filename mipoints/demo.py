"""Loads the sandbox's demo data: members in every market, campaigns, points, and an order on its way.

It sends requests to a running server, as its clients do. Campaigns come from data files, as for `campaign load`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from api.graphiql import LUCIA, OLIVER
from db import clock
from db.pool import Database
from loyalty.operators.load_campaigns import load_campaigns
from loyalty.programme.catalogue import catalogue_now
from loyalty.programme.files import Document, shipped_campaign
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
    """Returns the shipped example with a window that starts today, as the comment in its file suggests."""
    last_day = today + _RUNS_FOR
    window = {"markets": markets, "first_day": today.isoformat(), "last_day": last_day.isoformat()}
    campaigns = example["campaigns"]
    assert isinstance(campaigns, list)
    renamed = [{**campaign, "id": f"demo-{campaign['id']}-from-{today}"} for campaign in campaigns]
    return {"windows": [window], "campaigns": renamed}


@dataclass(frozen=True, slots=True)
class Demo:
    """Sends the demo data to one server."""

    api: Api
    settings: Settings
    db: Database

    async def load(self) -> bool:
        """Sends all demo data and returns True; returns False if the server has it already. After an interrupted load,
        the next call sends the rest."""
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
        registration = {"miId": mi_id, "market": market, "birthDate": "1990-05-17"}
        await self._send(REGISTER, registration, f"demo-join-{mi_id}", "MemberRegistered", self._storefront)

    async def _earn(self, mi_id: str, activity: str, details: dict[str, str]) -> None:
        token = issue(self.settings, member=mi_id)
        activity_input = {"activity": {activity: details}}
        await self._send(EARN, activity_input, f"demo-{activity}", "PointsVerdict", token)

    async def _order(
        self, number: str, lines: Sequence[tuple[str, str, int, int]], parcels: dict[str, list[str]]
    ) -> None:
        """Sends an order of Lucía's, once: the time it was placed is part of the order, so a second request would
        differ from the first."""
        if await self._is_known(number):
            return
        order = {
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
        await self._send(RECORD_ORDER, order, f"demo-order-{number}", "OrderRecorded", self._storefront)

    async def _deliver(self, number: str, parcel: str) -> None:
        data = {"order_number": number, "tracking_number": parcel, "occurred_at": await self._moment()}
        body = json.dumps({"type": "shipment.delivered", "data": data}).encode()
        secret = first_secret(NATIVE, self.settings.webhook_secrets)
        answer = await self.api.deliver(NATIVE, signed_headers(NATIVE, secret, body, f"demo-{parcel}"), body)
        if not answer.is_success:
            raise Unexpected(f"The demo's webhook was answered with {answer.status_code}: {answer.text}")

    async def _is_known(self, number: str) -> bool:
        return await self.api.execute(ORDER, {"number": number}, self._storefront) is not None

    async def _send(self, document: str, input_: dict[str, Any], key: str, expected: str, token: str) -> None:
        answer = await self.api.execute(document, {"input": input_, "key": key}, token)
        if answer is None or answer["__typename"] != expected:
            raise Unexpected(f"The demo expected {expected} and was answered {answer}.")

    async def _announce_campaigns(self) -> None:
        """The shipped campaign files as an operator loads them, and double points from today on."""
        markets = list((await catalogue_now(self.db)).open_markets)
        example = shipped_campaign("double_points_example")
        today = (await clock.now(self.db)).date()
        for document in (shipped_campaign("members_week_2022"), example, _from_today(example, today, markets)):
            await load_campaigns(self.db, document, "demo")

    async def _moment(self) -> str:
        return (await clock.now(self.db)).isoformat()

    @property
    def _storefront(self) -> str:
        return issue(self.settings, scope="storefront", name="demo-storefront")
