"""Caps: how often something can be earned."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from loyalty.earning.rules.caps import CapAfter


@strawberry.type(description="How often something can be earned, and what is left of it.")
class Cap:
    limit: int = strawberry.field(description="How often in all.")
    used: int = strawberry.field(description="How often it was earned.")
    left: int = strawberry.field(description="How often it still can be.")
    resets_at: datetime | None = strawberry.field(description="When it starts anew; null where it never does.")

    @classmethod
    def of(cls, cap: CapAfter | None) -> "Cap | None":
        """The cap that a rule computed; None without a cap."""
        if cap is None:
            return None
        return cls(limit=cap.limit, used=cap.used, left=cap.left, resets_at=cap.resets_at)

    @classmethod
    def of_row(cls, row: Mapping[str, Any] | None) -> "Cap | None":
        """The cap stored in a verdict; None without a cap."""
        if row is None:
            return None
        resets_at = datetime.fromisoformat(row["resets_at"]) if row["resets_at"] else None
        return cls(limit=row["limit"], used=row["used"], left=row["left"], resets_at=resets_at)
