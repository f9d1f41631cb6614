"""Amounts of money."""

import strawberry


@strawberry.type(description="An amount of money, exact.")
class Money:
    amount_minor: int = strawberry.field(description="In minor units: 650 is 6.50 EUR.")
    currency: str = strawberry.field(description="ISO 4217, such as EUR.")
