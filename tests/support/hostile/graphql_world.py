"""Creates members with a history, and collects the values that name existing things of theirs for odd operations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import httpx

from tests.support.stage import EARN, ORDER, REDEEM, REGISTER

PEOPLE = tuple(f"mi-{n}" for n in range(8))
ORDERS = tuple(f"F-{n}" for n in range(12))
_LINES = "edges { cursor node { id } } nodes { id }"
_SEEN = f"""{{ me {{ id pointsHistory {{ {_LINES} }} coupons {{ {_LINES} nodes {{ code }} }} verdicts {{ {_LINES} }}
  pendingPoints {{ {_LINES} }} notices {{ {_LINES} }} }}
  rewards(market: "ES") {{ id }} campaigns(market: "ES") {{ id }} }}"""
_ADJUST = """mutation($m: ID!, $key: ID!) {
  adjustPoints(miId: $m, points: 5000, reason: "fuzz", idempotencyKey: $key) { __typename } }"""
_CAMPAIGN = """mutation($key: ID!) { createCampaign(idempotencyKey: $key, input: {
  name: "Fuzz", markets: ["ES"], startsAt: "2026-01-01T00:00:00Z", endsAt: "2027-01-01T00:00:00Z", effect: BONUS,
  kinds: [LINK_SHARE], bonus: 3}) { __typename } }"""

_NUMBERS = (*ORDERS, *(f"G-{n}" for n in range(200)))
_NOW = ("placedAt", "occurredAt", "since", "availableFrom")
_USUAL: dict[str, Sequence[Any]] = {
    "miId": (*PEOPLE, "mi-unknown"), "number": _NUMBERS, "orderNumber": _NUMBERS, "market": ("ES",), "name": ("Fuzz",),
    "timeZone": ("Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta"), "birthDate": ("1990-05-17", "2000-01-01"),
    "first": (0, 1, 3, 20, 100), "last": (0, 1, 3, 100), "producer": ("native", "easypost"), "reason": ("fuzz",),
    "points": (1, -1, 100, -700, 5000), "quantity": (1, 2), "paidMinor": (0, 199, 2599), "currency": ("EUR",),
    "shippingMinor": (0, 499), "discountMinor": (0, 100), "productId": ("p-0", "p-1"), "lineId": ("0", "1"),
    "trackingNumber": ("T-1", "T-2"), "carrier": ("FedEx",), "deviceId": ("d",), "reviewId": ("r-1", "r-2"),
    "startsAt": ("2026-01-01T00:00:00Z",), "endsAt": ("2027-01-01T00:00:00Z",), "until": ("2027-01-01T00:00:00Z",),
    "cost": (1, 100), "valueMinor": (1, 500), "bonus": (1, 50), "validDays": (1, 30), "conditions": ("None.",),
    "confirm": (True,),
}  # fmt: skip

Issue = Callable[..., str]
"""Makes a token: `issue(member="mi-1")`, `issue(scope="operator")`."""


def callers(issue: Issue) -> dict[str, str | None]:
    """Returns a token for every kind of caller; None for an unauthenticated client."""
    return {
        "unauthenticated": None,
        "with an invalid token": "a.b.c",
        "not a member": issue(member="mi-unknown"),
        "member": issue(member=PEOPLE[0]),
        "another member": issue(member=PEOPLE[1]),
        "storefront": issue(scope="storefront", name="storefront"),
        "operator": issue(scope="operator", name="operator"),
        "auditor": issue(scope="auditor", name="auditor"),
    }


@dataclass(frozen=True, slots=True)
class Known:
    """Known values of arguments and input fields, by their names."""

    values: Mapping[str, Sequence[Any]]
    _keys: list[str] = field(default_factory=list)

    def value(self, name: str, random: Random) -> Any:
        """Returns a value for a name, or None if none is known. Idempotency keys are mostly new, and sometimes used."""
        if name == "idempotencyKey":
            return self._key(random)
        return random.choice(self.values[name]) if self.values.get(name) else None

    def _key(self, random: Random) -> str:
        if self._keys and random.random() < 0.1:
            return random.choice(self._keys)
        self._keys.append(str(UUID(int=random.getrandbits(128))))
        return self._keys[-1]


async def peopled(http: httpx.AsyncClient, issue: Issue, placed_at: str) -> Known:
    """Registers members who earn, order and redeem; returns the values that name their things."""
    shop, operator = issue(scope="storefront", name="storefront"), issue(scope="operator", name="operator")
    for mi_id in PEOPLE:
        person = {"miId": mi_id, "market": "ES", "birthDate": "1990-05-17"}
        await _execute(http, shop, REGISTER, input=person, key=f"join-{mi_id}")
        await _execute(http, operator, _ADJUST, m=mi_id, key=f"points-{mi_id}")
        await _execute(http, issue(member=mi_id), EARN, input={"activity": {"fuel": {}}}, key=f"fuel-{mi_id}")
    for n, number in enumerate(ORDERS):
        await _execute(http, shop, ORDER, input=_order(number, PEOPLE[n % len(PEOPLE)], placed_at), key=number)
    await _execute(http, operator, _CAMPAIGN, key="campaign")
    rewards = (await _execute(http, shop, '{ rewards(market: "ES") { id } }'))["rewards"]
    for mi_id in PEOPLE:
        reward = {"rewardId": rewards[0]["id"]}
        await _execute(http, issue(member=mi_id), REDEEM, input=reward, key=f"coupon-{mi_id}")
    return _known([await _execute(http, issue(member=mi_id), _SEEN) for mi_id in PEOPLE], placed_at)


def _order(number: str, mi_id: str, placed_at: str) -> dict[str, Any]:
    lines = [{"id": str(n), "productId": f"p-{n}", "quantity": 2, "paidMinor": 2599} for n in range(2)]
    return {"number": number, "miId": mi_id, "placedAt": placed_at, "currency": "EUR", "lines": lines}


async def _execute(http: httpx.AsyncClient, token: str, query: str, **variables: Any) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {token}"}
    answer = await http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    body = answer.json()
    assert "errors" not in body, body
    data: dict[str, Any] = body["data"]
    return data


def _known(seen: Sequence[dict[str, Any]], placed_at: str) -> Known:
    verdicts = [node["id"] for each in seen for node in each["me"]["verdicts"]["nodes"]]
    lines = [node["id"] for each in seen for node in each["me"]["pointsHistory"]["nodes"]]
    cursors = _texts(seen, "cursor")
    named = {"id": _texts(seen, "id"), "code": _texts(seen, "code"), "after": cursors, "before": cursors}
    named |= {"verdictId": verdicts, "reverses": lines, "rewardId": [each["id"] for each in seen[0]["rewards"]]}
    return Known(_USUAL | named | {name: [placed_at] for name in _NOW})


def _texts(answer: Any, name: str) -> list[str]:
    """Returns every text of that name, at any depth."""
    if isinstance(answer, Mapping):
        own = [value for key, value in answer.items() if key == name and isinstance(value, str)]
        return own + [text for value in answer.values() for text in _texts(value, name)]
    return [text for each in answer for text in _texts(each, name)] if isinstance(answer, list | tuple) else []
