"""The Points Center as the app asks for it: by the id of its trusted document. Only this project has one."""

import json
from functools import partial
from typing import Any

from bench.speed.contenders.ours import ROOT
from bench.speed.http_requests import graphql_request, token
from bench.speed.rows.home import read
from bench.speed.world import Turns, World

MANIFEST = ROOT / "api" / "operations" / "manifest.json"


async def open_row(world: World) -> Turns:
    """Reads of a thousand members in turn."""
    requests = [graphql_request(_by_id("PointsCenterQuery"), token(mi_id)) for mi_id in world.readers()]
    return {name: partial(read, world, await world.server(name), requests, "waysToEarn") for name in world.our_names()}


def _by_id(name: str) -> dict[str, Any]:
    """A request for a trusted document, as Apollo's clients send it."""
    operations = json.loads(MANIFEST.read_text("utf-8"))["operations"]
    sha = next(each["id"] for each in operations if each["name"] == name)
    return {"operationName": name, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha}}}
