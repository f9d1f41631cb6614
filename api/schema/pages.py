"""Pages of lists that can grow."""

from typing import Any

import strawberry

from api.cursors import Page


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether the list goes on after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is something before this page.")
    start_cursor: str | None = strawberry.field(description="The place of the first thing here; null if empty.")
    end_cursor: str | None = strawberry.field(description="The place of the last thing here; null if empty.")

    @classmethod
    def of(cls, page: Page[Any], cursors: list[str]) -> "PageInfo":
        """The PageInfo of a page; `cursors` are those of its rows, in the same order."""
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
