"""The input of earnPoints: one activity in the app, and the activity of the programme that it becomes."""

from datetime import datetime

import strawberry

from api.schema.arguments import given
from api.schema.scalars import URL
from api.schema.texts import optional_text, valid_text
from loyalty.earning.rules.activity import Activity
from loyalty.programme.rules.kinds import EntryKind, is_new_kind
from loyalty.refusals import InvalidInput


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
            product_id=valid_text(review.product_id, "input", "activity", "review", "productId"),
            review_id=valid_text(review.review_id, "input", "activity", "review", "reviewId"),
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
        product_id=valid_text(share.product_id, *path, "productId"),
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
