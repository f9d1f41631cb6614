"""Pages of lists that can grow."""

import strawberry


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether the list goes on after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is something before this page.")
    start_cursor: str | None = strawberry.field(description="The place of the first thing here; null if empty.")
    end_cursor: str | None = strawberry.field(description="The place of the last thing here; null if empty.")
