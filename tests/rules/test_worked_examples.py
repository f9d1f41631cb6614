"""The twelve worked examples, as far as the pure rules cover them; the flows repeat them through HTTP."""

from datetime import date, timedelta
from itertools import permutations

import pytest

from loyalty.earning.rules.activity import Activity, EarningContext, judge
from loyalty.ledger.rules.lots import Lot, Take, spend, take_back
from loyalty.orders.rules.facts import Cancelled, Delivered, Lost, Returned
from loyalty.orders.rules.order import KeptGoods, Parcel
from loyalty.orders.rules.purchase import Worth, worth
from loyalty.orders.rules.settlement import settle_state
from loyalty.orders.rules.shipment import fold
from loyalty.programme.rules.calendar import Calendar
from loyalty.programme.rules.kinds import Code, Outcome
from tests.support.terms import ES, Person, at, campaign, line, order, terms_of


@pytest.mark.parametrize(
    ("kept", "points"),
    [({"1": 1, "2": 1}, 250), ({"1": 1}, 200), ({"2": 1}, 50), ({}, 0)],
)
def test_example_1_an_order_of_two_lines_loses_the_returned_lines_points(kept, points):
    """R13, R32."""
    bought = order(line("1", 199_99), line("2", 50_00))
    assert worth(bought, KeptGoods(kept), ES, ()).total == points


@pytest.mark.parametrize(("paid", "points"), [(12_49, 12), (12_50, 13), (49, 0), (50, 1)])
def test_example_2_half_a_euro_rounds_up(paid, points):
    """R13."""
    bought = order(line("1", paid))
    assert worth(bought, KeptGoods({"1": 1}), ES, ()).base == points


def test_example_3_a_double_points_campaign_doubles_its_goods_and_no_shipping():
    """R13, R21: 75 points, and 64 taken back with the double line."""
    doubled = campaign("double", products=["phone"])
    bought = order(line("1", 30_00, product="phone"), line("2", 10_00), shipping=4_99)
    whole = worth(bought, KeptGoods({"1": 1, "2": 1}), ES, [doubled])
    assert whole == Worth(45, {"double": 30})
    assert worth(bought, KeptGoods({"2": 1}), ES, [doubled]) == Worth(11, {})
    delivered = Delivered(None, None, (), at("2026-06-12"))
    returned = Returned("R1", None, (("1", 1),), None, 0, at("2026-06-20"))
    moved = settle_state(fold(bought, [delivered, returned]), ES, [doubled], whole.by_part, {})
    assert sum(moved.take_back.values()) == 64


def test_example_4_a_perfect_week_of_fuel_is_64_points():
    """R17, R18, R19."""
    person = Person()
    monday = at("2026-11-02 10:00")
    judged = [person.does("FUEL", monday + timedelta(days=day)) for day in range(8)]
    assert [each.points for each in judged] == [2, 2, 2, 2, 2, 2, 52, 2]
    assert [(part.kind, part.points) for part in judged[6].parts] == [("FUEL", 2), ("FUEL_STREAK", 50)]
    assert judged[7].fuel_days[0].streak == 8


def test_example_5_three_shares_of_each_kind_a_month():
    """R14, R15, R35: a share that is taken down does not free its slot, so the fourth is still refused."""
    person = Person()
    granted = [
        person.does(kind, at(f"2026-03-0{day} 12:00"), "phone").points
        for kind in ("SOCIAL_SHARE", "LINK_SHARE")
        for day in (1, 2, 3)
    ]
    assert sum(granted) == 45
    for kind in ("SOCIAL_SHARE", "LINK_SHARE"):
        fourth = person.does(kind, at("2026-03-31 23:59:59"), "phone")
        assert (fourth.outcome, fourth.code) == (Outcome.REFUSED, Code.CAP_REACHED)
        assert fourth.cap is not None
        assert (fourth.cap.limit, fourth.cap.used, fourth.cap.left) == (3, 3, 0)
        assert fourth.cap.resets_at == at("2026-04-01 00:00")
        assert person.does(kind, at("2026-04-01 00:00"), "phone").outcome is Outcome.GRANTED


def test_example_6_points_already_spent_become_debt():
    """R36: of 600, 500 are spent; the 300 of the order that is returned leave nothing and a debt of 200."""
    february = date(2027, 2, 1)
    takes = spend([Lot(february, 600)], 500)
    left = [Lot(february, 600 - takes[0].points)]
    taken = take_back(left, 300, origins=[Take(february, 300)])
    assert (taken.takes, taken.debt) == ((Take(february, 100),), 200)


def test_example_7_a_return_reported_before_its_delivery_moves_nothing():
    """R33."""
    bought = order(line("1", 100_00))
    promised = settle_state(fold(bought, []), ES, (), {}, {}).promise
    returned = Returned("R1", None, (("1", 1),), None, 0, at("2026-06-20"))
    first = settle_state(fold(bought, [returned]), ES, (), {}, promised)
    assert (first.post, first.take_back, first.cancel) == ({}, {}, {"PURCHASE": 100})
    then = settle_state(fold(bought, [returned, Delivered(None, None, (), at("2026-06-12"))]), ES, (), {}, {})
    assert then.is_settled
    assert then.still_pending == {}


def test_example_8_two_taps_around_midnight_are_two_days():
    """R17, R20."""
    person = Person()
    assert person.does("FUEL", at("2026-11-22 23:59:59")).outcome is Outcome.GRANTED
    assert person.does("FUEL", at("2026-11-23 00:00:00")).outcome is Outcome.GRANTED
    for _ in range(2):
        again = person.does("FUEL", at("2026-11-23 00:01:00"))
        assert (again.outcome, again.code) == (Outcome.REFUSED, Code.ALREADY_COLLECTED_TODAY)


def test_example_9_a_day_of_23_hours_is_one_day_of_a_streak():
    """R20: 29 March 2026."""
    person = Person()
    streaks = [person.does("FUEL", at(f"2026-03-{day} 00:30")).fuel_days[0].streak for day in (28, 29, 30)]
    assert streaks == [1, 2, 3]


@pytest.mark.parametrize(("moment", "points"), [("2025-06-16 23:59:59", 50), ("2025-06-17 00:00", 200)])
def test_example_10_the_terms_of_the_moment_decide(moment, points):
    """R22."""
    joined = at(moment, "Europe/London")
    terms = terms_of("GB", joined)
    judged = judge(Activity("SIGN_UP"), joined, joined, terms, Calendar("Europe/London"), EarningContext())
    assert judged.points == points


def test_example_11_cancelled_pieces_are_not_owed():
    """R33b: of three, one is delivered and two cancelled; or one of two delivered is returned, and one cancelled."""
    bought = order(line("1", 1500_00, 3))
    delivered = [Delivered(None, None, (("1", 1),), at(f"2026-06-{day}")) for day in (12, 13)]
    two = Cancelled("C1", (("1", 2),), at("2026-06-20"))
    one = Cancelled("C1", (("1", 1),), at("2026-06-20"))
    returned = Returned("R1", None, (("1", 1),), None, 0, at("2026-06-21"))
    for facts in ([delivered[0], two], [*delivered, returned, one]):
        for ordered in permutations(facts):
            state = fold(bought, ordered)
            moved = settle_state(state, ES, (), {"PURCHASE": 500}, {"PURCHASE": 1000})
            assert (moved.post, moved.take_back, moved.still_pending) == ({}, {}, {})


def test_example_12_of_two_that_arrived_in_the_place_of_one_a_spare_goes_back():
    """R34."""
    bought = order(line("1", 30_00), parcels=[Parcel("T1", None, {"1": 1})])
    facts = [
        Lost("T1", None, (), at("2026-06-12")),
        Delivered("T2", None, (), at("2026-06-13")),
        Delivered("T1", None, (), at("2026-06-14")),
        Returned("R1", None, (("1", 1),), None, 0, at("2026-06-20")),
    ]
    for ordered in permutations(facts):
        state = fold(bought, ordered)
        assert worth(state.order, state.kept, ES, ()).total == 30
