"""The programme's terms, as data."""

from datetime import date

import strawberry

from api.schema.enums import WAY, CapPeriod, EntryKind, kind_of, way_of
from api.schema.scalars import Market
from loyalty.messages.sentences import way_sentence
from loyalty.programme.rules import terms as rules


@strawberry.type(description="One way to earn in the terms.")
class EarningTerm:
    kind: EntryKind = strawberry.field(description="What earns.")
    way: str | None = strawberry.field(description=WAY)
    points: int = strawberry.field(description="Points for one, without campaigns.")
    cap_limit: int | None = strawberry.field(description="How often in a period; null where uncapped.")
    cap_period: CapPeriod | None = strawberry.field(description="Over what the cap counts; null where uncapped.")
    description: str = strawberry.field(description="For the member, in the language of Accept-Language.")

    @classmethod
    def of(cls, way: rules.Way, language: str, currency: str) -> "EarningTerm":
        """A way of the terms."""
        period = way.cap_period
        return cls(
            kind=kind_of(way.kind),
            way=way_of(way.kind),
            points=way.points,
            cap_limit=way.cap_limit,
            cap_period=CapPeriod[period] if period is not None else None,
            description=way_sentence(way.kind, way.points, language, way.cap_limit, period, way.actions, currency),
        )


@strawberry.type(description="The programme's terms in a market, of one dated version.")
class Terms:
    market: Market = strawberry.field(description="Where they are in force.")
    version: str = strawberry.field(description="Their name, such as gb-2025-06-17.")
    effective_from: date = strawberry.field(description="Their first day.")
    currency: str = strawberry.field(description="ISO 4217, such as EUR.")
    points_per_unit: int = strawberry.field(description="Points for one unit of currency paid.")
    points_per_unit_spent: int = strawberry.field(description="Points that buy one unit of currency.")
    minimum_age: int = strawberry.field(description="Years one must have on the day of joining.")
    hold_seconds: int = strawberry.field(description="How long an activity's points wait before they are spendable.")
    lapse_after_months: int | None = strawberry.field(description="Null: points do not lapse.")
    adjust_threshold: int = strawberry.field(description="Adjustments above it need a second operator.")
    ways: list[EarningTerm] = strawberry.field(description="Every way to earn.")

    @classmethod
    def of(cls, terms: rules.Terms, language: str) -> "Terms":
        """A version of a market's terms."""
        return cls(
            market=Market(terms.market),
            version=terms.version,
            effective_from=terms.effective_from,
            currency=terms.currency,
            points_per_unit=terms.points_per_unit,
            points_per_unit_spent=terms.points_per_unit_spent,
            minimum_age=terms.minimum_age,
            hold_seconds=terms.hold_seconds,
            lapse_after_months=terms.lapse_after_months,
            adjust_threshold=terms.adjust_threshold,
            ways=[EarningTerm.of(way, language, terms.currency) for way in terms.ways.values()],
        )
