"""Input types: their texts are checked for size, and they are converted to values of the programme."""

from collections.abc import Sequence
from datetime import date, datetime

import strawberry

from api.schema.arguments import given
from api.schema.scalars import URL, Market
from loyalty.earning.rules.activity import Activity
from loyalty.members.eligibility import Registration
from loyalty.orders.record import OrderToRecord
from loyalty.orders.rules.order import Order, OrderLine, Parcel
from loyalty.programme.rules.kinds import EntryKind, is_new_kind
from loyalty.refusals import InvalidInput
from loyalty.texts import problem_of_text

LONGEST_INPUT = 200
"""The most characters of an id or a name."""


def text_of(value: str, *path: str) -> str:
    """A text of 1 to 200 visible characters. Raises InvalidInput with the path to it."""
    if problem := problem_of_text(value, LONGEST_INPUT):
        raise InvalidInput(problem, *path)
    return value


def optional_text(value: str | None, *path: str) -> str | None:
    """The same for a text that may be left out; None without it."""
    text = given(value)
    return None if text is None else text_of(text, *path)


@strawberry.input(description="A Mi account that joined mi.com.")
class RegisterMemberInput:
    mi_id: strawberry.ID = strawberry.field(description="The Mi account id.")
    market: Market = strawberry.field(description="Where the person registered.")
    birth_date: date = strawberry.field(description="Of the person; adults only.")
    time_zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="An IANA zone of the market; its first one by default."
    )
    registered_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When the person joined, if it is reported late."
    )

    def to_domain(self) -> Registration:
        """The registration for the programme. Raises InvalidInput."""
        return Registration(
            mi_id=text_of(self.mi_id, "input", "miId"),
            market=self.market,
            birth_date=self.birth_date,
            time_zone=optional_text(self.time_zone, "input", "timeZone"),
            registered_at=given(self.registered_at),
        )


@strawberry.input(description="The first sign-in in the Mi Store app.")
class AppSignInInput:
    device_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The app's device.")


@strawberry.input(description="Fuel was collected.")
class FuelInput:
    device_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The app's device.")


@strawberry.input(description="A product was shared.")
class ShareInput:
    product_id: strawberry.ID = strawberry.field(description="What was shared.")
    url: URL | None = strawberry.field(default=strawberry.UNSET, description="Where it can be seen.")
    network: str | None = strawberry.field(default=strawberry.UNSET, description="Where it was shared.")


@strawberry.input(description="A review was written.")
class ReviewInput:
    product_id: strawberry.ID = strawberry.field(description="What was reviewed.")
    review_id: strawberry.ID = strawberry.field(description="The review, as the shop numbers it.")


@strawberry.input(
    description="Another way to earn of the market's terms, by its name there (see `terms` and `waysToEarn`)."
)
class OtherActivityInput:
    way: str = strawberry.field(description="Its name in the terms, such as WATCH_VIDEO.")
    product_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="What it was about; needed where it earns once a product."
    )
    device_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The app's device.")


@strawberry.input(one_of=True, description="One activity in the app: exactly one of these.")
class ActivityInput:
    app_sign_in: AppSignInInput | None = strawberry.field(
        default=strawberry.UNSET, description="The first sign-in in the Mi Store app."
    )
    fuel: FuelInput | None = strawberry.field(default=strawberry.UNSET, description="Fuel was collected.")
    social_share: ShareInput | None = strawberry.field(
        default=strawberry.UNSET, description="A product link was shared on an own social account."
    )
    link_share: ShareInput | None = strawberry.field(default=strawberry.UNSET, description="A product link was shared.")
    review: ReviewInput | None = strawberry.field(
        default=strawberry.UNSET, description="A review was written; it earns when it is published."
    )
    other: OtherActivityInput | None = strawberry.field(
        default=strawberry.UNSET, description="Another way to earn of the market's terms."
    )

    def to_domain(self) -> Activity:
        """The activity for the programme. Raises InvalidInput."""
        if sign_in := given(self.app_sign_in):
            return Activity(EntryKind.APP_SIGN_IN, device_id=_device(sign_in, "appSignIn"))
        if fuel := given(self.fuel):
            return Activity(EntryKind.FUEL, device_id=_device(fuel, "fuel"))
        if share := given(self.social_share):
            return _share(EntryKind.SOCIAL_SHARE, share, "socialShare")
        if share := given(self.link_share):
            return _share(EntryKind.LINK_SHARE, share, "linkShare")
        if other := given(self.other):
            return _other(other)
        review = given(self.review)
        if review is None:
            raise InvalidInput("Name exactly one activity.", "input", "activity")
        return Activity(
            EntryKind.REVIEW,
            product_id=text_of(review.product_id, "input", "activity", "review", "productId"),
            review_id=text_of(review.review_id, "input", "activity", "review", "reviewId"),
        )


def _other(other: OtherActivityInput) -> Activity:
    """An activity of a way that only the terms define. Raises InvalidInput if `way` cannot be the name of one."""
    path = ("input", "activity", "other")
    if not is_new_kind(other.way):
        raise InvalidInput("This is no name of another way to earn.", *path, "way")
    return Activity(
        other.way,
        product_id=optional_text(other.product_id, *path, "productId"),
        device_id=_device(other, "other"),
    )


def _device(activity: AppSignInInput | FuelInput | OtherActivityInput, name: str) -> str | None:
    return optional_text(activity.device_id, "input", "activity", name, "deviceId")


def _share(kind: str, share: ShareInput, name: str) -> Activity:
    path = ("input", "activity", name)
    return Activity(
        kind,
        product_id=text_of(share.product_id, *path, "productId"),
        url=given(share.url),
        network=optional_text(share.network, *path, "network"),
    )


@strawberry.input(description="What a member did in the app.")
class EarnPointsInput:
    activity: ActivityInput = strawberry.field(description="What it was.")
    occurred_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When it happened on the phone (default: now); not in the future, "
        "not older than the market's terms allow.",
    )


@strawberry.input(description="Points to be turned into a coupon.")
class RedeemPointsInput:
    reward_id: strawberry.ID = strawberry.field(description="The id of a reward of the member's market.")
    mi_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Whose points; a member leaves it out."
    )


@strawberry.input(description="A line of an order.")
class OrderLineInput:
    id: strawberry.ID = strawberry.field(description="As the shop numbers it within the order.")
    product_id: strawberry.ID = strawberry.field(description="What was bought.")
    quantity: int = strawberry.field(description="How many pieces.")
    paid_minor: int = strawberry.field(description="For the whole line, after its own discounts; minor units.")


@strawberry.input(description="Pieces of a line.")
class ParcelLineInput:
    line_id: strawberry.ID = strawberry.field(description="A line of the order.")
    quantity: int = strawberry.field(description="How many pieces of it.")


@strawberry.input(
    description="Lines (and quantities) that travel together. Without parcels the first delivery is of everything."
)
class ParcelInput:
    tracking_number: str = strawberry.field(description="The shipper's number.")
    carrier: str | None = strawberry.field(default=strawberry.UNSET, description="The shipper.")
    lines: list[ParcelLineInput] = strawberry.field(description="What is in it.")


@strawberry.input(description="An order that was placed and paid by a signed-in member.")
class RecordOrderInput:
    number: str = strawberry.field(description="As the shop numbers it; one number is one order.")
    mi_id: strawberry.ID = strawberry.field(description="The member's Mi account.")
    placed_at: datetime = strawberry.field(description="When it was placed; it decides terms and campaigns.")
    currency: str = strawberry.field(description="ISO 4217; the market's.")
    lines: list[OrderLineInput] = strawberry.field(description="What was bought.")
    shipping_minor: int = strawberry.field(default=0, description="What shipping cost; minor units.")
    discount_minor: int = strawberry.field(default=0, description="Taken off the lines in proportion.")
    parcels: list[ParcelInput] | None = strawberry.field(
        default=strawberry.UNSET, description="How it travels, if that is known."
    )

    def to_domain(self) -> OrderToRecord:
        """The order for the programme. Raises InvalidInput for texts; rules check the rest."""
        order = Order(
            number=text_of(self.number, "input", "number"),
            placed_at=self.placed_at,
            currency=text_of(self.currency, "input", "currency"),
            lines=tuple(_line(line, place) for place, line in enumerate(self.lines)),
            shipping_minor=self.shipping_minor,
            discount_minor=self.discount_minor,
            parcels=tuple(parcel_of(parcel, place) for place, parcel in enumerate(given(self.parcels) or ())),
        )
        return OrderToRecord(text_of(self.mi_id, "input", "miId"), order)


def _line(line: OrderLineInput, place: int) -> OrderLine:
    return line_of(line, "input", "lines", str(place))


def line_of(line: OrderLineInput, *path: str) -> OrderLine:
    """The line for the programme; `path` leads to it in the arguments. Raises InvalidInput."""
    return OrderLine(
        id=text_of(line.id, *path, "id"),
        product_id=text_of(line.product_id, *path, "productId"),
        quantity=line.quantity,
        paid_minor=line.paid_minor,
    )


def parcel_of(parcel: ParcelInput, place: int) -> Parcel:
    """The parcel at this place of the input's `parcels`, for the programme. Raises InvalidInput."""
    path = ("input", "parcels", str(place))
    return Parcel(
        tracking_number=text_of(parcel.tracking_number, *path, "trackingNumber"),
        carrier=optional_text(parcel.carrier, *path, "carrier"),
        pieces=pieces_of(parcel.lines, *path, "lines"),
    )


def pieces_of(lines: Sequence[ParcelLineInput], *path: str) -> dict[str, int]:
    """Pieces by line. Raises InvalidInput if a line is named twice, because that is ambiguous."""
    pieces: dict[str, int] = {}
    for place, line in enumerate(lines):
        line_id = text_of(line.line_id, *path, str(place), "lineId")
        if line_id in pieces:
            raise InvalidInput("This line is named twice.", *path, str(place), "lineId")
        pieces[line_id] = line.quantity
    return pieces
