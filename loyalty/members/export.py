"""All data about a member, for the member (R71)."""

import base64
import json
from typing import Any

from db.members import export as exporting
from loyalty.programme.programme import Programme


async def export_member(programme: Programme, mi_id: str) -> str | None:
    """Everything held about a member as JSON text; None for an unknown one, and so for one that was erased."""
    person_hash = await programme.person_hash(mi_id, programme.db)
    held = await exporting.export_member(programme.db, mi_id, person_hash.hex())
    if held is None:
        return None
    held["deliveries"] = [_with_text(delivery) for delivery in held["deliveries"]]
    return json.dumps(held, ensure_ascii=False, indent=1)


def _with_text(delivery: dict[str, Any]) -> dict[str, Any]:
    """A producer's delivery with its body as text; a body that is not text stays base64, under `body_base64`."""
    encoded = delivery.pop("body")
    try:
        return delivery | {"body": base64.b64decode(encoded).decode()}
    except UnicodeDecodeError:
        return delivery | {"body_base64": encoded}
