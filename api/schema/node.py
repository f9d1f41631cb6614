"""Things with an id of their own."""

import strawberry


@strawberry.interface(description="A thing with an id under which `node` finds it again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, and the same for ever.")
