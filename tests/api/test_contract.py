"""The schema against the contract: it lacks nothing, and each addition is listed here."""

from pathlib import Path

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)
from graphql.utilities import find_breaking_changes, find_dangerous_changes

import api
from api.schema import enums, schema
from loyalty.coupons.rules.coupons import CouponState
from loyalty.orders.rules.boxes import ParcelPhase
from loyalty.programme.rules import kinds

OURS: GraphQLSchema = schema._schema
CONTRACT = build_schema((Path(api.__file__).parent / "contract.graphql").read_text("utf-8"))

# Additions do not affect a client that does not use them: ways to earn that only a market's terms define (R22), more
# fields of a delivery for operators, and the start of a subscription.
ADDED = {
    "Argument Query.webhookDeliveries(producer:)",
    "Argument Query.webhookDeliveries(states:)",
    "Argument Subscription.balanceChanged(startWithCurrent:)",
    "WebhookDelivery.appliedAt", "WebhookDelivery.nextAttemptAt", "WebhookDelivery.trackingNumber",
    "OtherActivityInput",
    "ActivityInput.other",
    "Enum value EntryKind.OTHER",
    "Member.refusals", "PastRefusal", "PastRefusalConnection", "PastRefusalEdge",
    "Query.why", "Explanation",
    "Mutation.endReward", "Mutation.decideReward", "RewardChangeResult", "Reward.waitsForOperator", "Reward.endedAt",
    "Mutation.liftExclusion", "LiftExclusionInput", "LiftExclusionResult", "ExclusionLifted",
    "PointsEntry.way", "PendingPoints.way", "Verdict.way", "WayToEarn.way", "EarningTerm.way",
}  # fmt: skip


def taken_away(before: GraphQLSchema, after: GraphQLSchema) -> set[str]:
    return {
        change.description.removeprefix("Field ").removesuffix(" was removed.")
        for change in find_breaking_changes(before, after)
    }


def test_nothing_of_the_contract_is_missing_or_different():
    assert taken_away(CONTRACT, OURS) == set()
    assert {change.description for change in find_dangerous_changes(CONTRACT, OURS)} == {
        "Enum value EntryKind.OTHER was added.",
        "An optional field ActivityInput.other was added.",
        "An optional argument Query.webhookDeliveries(producer:) was added.",
        "An optional argument Query.webhookDeliveries(states:) was added.",
        "An optional argument Subscription.balanceChanged(startWithCurrent:) was added.",
    }


def test_each_addition_to_the_contract_is_listed():
    assert taken_away(OURS, CONTRACT) == ADDED


def test_every_type_field_argument_and_value_has_a_description():
    silent = []
    for name, type_ in OURS.type_map.items():
        if name.startswith("__"):
            continue
        if not type_.description:
            silent.append(name)
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            silent += [f"{name}.{key}" for key, value in type_.fields.items() if not value.description]
        if isinstance(type_, GraphQLObjectType):
            silent += [
                f"{name}.{key}({argument})"
                for key, value in type_.fields.items()
                for argument, definition in value.args.items()
                if not definition.description and argument != "input"
            ]
        silent += [f"{name}.{key}" for key, value in getattr(type_, "values", {}).items() if not value.description]
    assert silent == []


def test_inputs_with_exactly_one_member_are_one_of():
    one_of = {name for name, type_ in OURS.type_map.items() if getattr(type_, "is_one_of", False)}
    assert one_of == {"ActivityInput", "ModerationInput"}


def test_enums_have_the_values_of_the_rules():
    pairs = (
        (enums.EntryKind, kinds.EntryKind),
        (enums.Outcome, kinds.Outcome),
        (enums.Awaiting, kinds.Awaiting),
        (enums.CapPeriod, kinds.CapPeriod),
        (enums.ParcelState, ParcelPhase),
        (enums.CouponState, CouponState),
    )
    for ours, rules in pairs:
        assert set(ours.__members__) == set(rules.__members__)
