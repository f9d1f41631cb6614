"""The schema is the contract's: what both have is the same, and what is missing is known."""

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

# What is added takes nothing from who does not ask for it: ways to earn that only a market's terms know (R22), the rest
# of what operators see of a delivery, where a subscription begins.
ADDED = {
    "Argument Query.webhookDeliveries(producer:)",
    "Argument Query.webhookDeliveries(states:)",
    "Argument Subscription.balanceChanged(startWithCurrent:)",
    "WebhookDelivery.appliedAt", "WebhookDelivery.nextAttemptAt", "WebhookDelivery.trackingNumber",
    "OtherActivityInput",
    "ActivityInput.other",
    "Enum value EntryKind.OTHER",
    "PointsEntry.way", "PendingPoints.way", "Verdict.way", "WayToEarn.way", "EarningTerm.way",
}  # fmt: skip


def taken_away(before: GraphQLSchema, after: GraphQLSchema) -> set[str]:
    return {
        change.description.removeprefix("Field ").removesuffix(" was removed.")
        for change in find_breaking_changes(before, after)
    }


def test_nothing_that_both_have_differs_and_what_is_missing_is_known():
    assert taken_away(CONTRACT, OURS) == set()
    assert {change.description for change in find_dangerous_changes(CONTRACT, OURS)} == {
        "Enum value EntryKind.OTHER was added.",
        "An optional field ActivityInput.other was added.",
        "An optional argument Query.webhookDeliveries(producer:) was added.",
        "An optional argument Query.webhookDeliveries(states:) was added.",
        "An optional argument Subscription.balanceChanged(startWithCurrent:) was added.",
    }


def test_what_is_there_that_the_contract_does_not_know_is_known_to_be_added():
    assert taken_away(OURS, CONTRACT) == ADDED


def test_every_type_field_argument_and_value_has_a_sentence_for_strangers():
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
                for argument, told in value.args.items()
                if not told.description and argument != "input"
            ]
        silent += [f"{name}.{key}" for key, value in getattr(type_, "values", {}).items() if not value.description]
    assert silent == []


def test_inputs_of_which_exactly_one_is_given_say_so():
    told = {name for name, type_ in OURS.type_map.items() if getattr(type_, "is_one_of", False)}
    assert told == {"ActivityInput", "ModerationInput"}


def test_enums_are_the_rules_own_words():
    pairs = (
        (enums.EntryKind, kinds.EntryKind),
        (enums.Outcome, kinds.Outcome),
        (enums.Awaiting, kinds.Awaiting),
        (enums.CapPeriod, kinds.CapPeriod),
        (enums.ParcelState, ParcelPhase),
        (enums.CouponState, CouponState),
    )
    for told, ruled in pairs:
        assert set(told.__members__) == set(ruled.__members__)
