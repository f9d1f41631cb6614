"""recordModeration: a review was published, a review or a share was taken down."""

from datetime import datetime

import strawberry

from api.context import Info
from api.ids import verdict_named
from api.permissions import STOREFRONT
from api.schema.arguments import IdempotencyKey, given
from api.schema.earning.earn import EarnPointsResult, PointsVerdict
from api.schema.root_fields import mutation_field
from api.schema.texts import optional_text, valid_text
from loyalty.earning.moderate import Moderation, ReviewPublished, ReviewRemoved, ShareRemoved
from loyalty.earning.moderate import record_moderation as take_moderation
from loyalty.refusals import InvalidInput

_OCCURRED_AT = (
    "When it happened: of a publication and a removal the later one counts, in whichever order they are sent."
)


@strawberry.input(description="A review of a member.")
class ReviewRefInput:
    mi_id: strawberry.ID = strawberry.field(description="The member's Mi account.")
    review_id: strawberry.ID = strawberry.field(description="The review, as the shop numbers it.")
    product_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="What was reviewed; given, a review published on the site needs no submission from the app.",
    )
    occurred_at: datetime | None = strawberry.field(default=strawberry.UNSET, description=_OCCURRED_AT)


@strawberry.input(description="A share of a member.")
class ShareRefInput:
    mi_id: strawberry.ID = strawberry.field(description="The member's Mi account.")
    verdict_id: strawberry.ID = strawberry.field(description="The id of the verdict that the share was given.")
    occurred_at: datetime | None = strawberry.field(default=strawberry.UNSET, description=_OCCURRED_AT)


@strawberry.input(one_of=True, description="The news about a review or a share: exactly one of these.")
class ModerationInput:
    review_published: ReviewRefInput | None = strawberry.field(
        default=strawberry.UNSET, description="A review can be read on the site."
    )
    review_removed: ReviewRefInput | None = strawberry.field(
        default=strawberry.UNSET, description="A review was taken down, or will not be published."
    )
    share_removed: ShareRefInput | None = strawberry.field(
        default=strawberry.UNSET, description="A share was taken down."
    )

    def to_domain(self) -> tuple[str, Moderation]:
        """The member's Mi account, and the moderation for the programme. Raises InvalidInput."""
        if review := given(self.review_published):
            return _review(review, "reviewPublished")
        if review := given(self.review_removed):
            mi_id, removed = _review(review, "reviewRemoved")
            return mi_id, ReviewRemoved(removed.review_id, removed.product_id, removed.occurred_at)
        share = given(self.share_removed)
        if share is None:
            raise InvalidInput("Name exactly one thing that happened.", "input")
        return valid_text(share.mi_id, "input", "shareRemoved", "miId"), ShareRemoved(verdict_named(share.verdict_id))


def _review(review: ReviewRefInput, name: str) -> tuple[str, ReviewPublished]:
    published = ReviewPublished(
        review_id=valid_text(review.review_id, "input", name, "reviewId"),
        product_id=optional_text(review.product_id, "input", name, "productId"),
        occurred_at=given(review.occurred_at),
    )
    return valid_text(review.mi_id, "input", name, "miId"), published


@mutation_field(
    STOREFRONT,
    "a review was published, a review or a share was taken down. Sent again, it gets the same verdict; points that "
    "were granted are taken back once.",
)
async def record_moderation(
    info: Info, input: ModerationInput, idempotency_key: IdempotencyKey
) -> EarnPointsResult | None:
    caller = info.context.caller
    mi_id, moderation = input.to_domain()
    decided = await take_moderation(info.context.programme, caller, mi_id, moderation, idempotency_key)
    return await PointsVerdict.of(info, decided)
