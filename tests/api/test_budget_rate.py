"""Budgets in a process's memory are restored as throttled-py's are, which keeps those in Redis."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from throttled import MemoryStore, RateLimiterType, Throttled, per_min

from api import budget_rate
from api.budget_rate import Rate, Spent

STEPS = st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["one", "other"]), st.integers(0, 1_500)), max_size=30)


@pytest.fixture(scope="module")
def at() -> Callable[[float], None]:
    """Sets the clock of both."""
    now = [0.0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("throttled.utils.now_mono_f", lambda: now[0])
        patch.setattr(budget_rate.time, "monotonic", lambda: now[0])
        yield lambda moment: now.__setitem__(0, moment)


@given(per_minute=st.sampled_from([1, 60, 997, 1_000]), steps=STEPS)
def test_each_cost_is_answered_as_the_library_answers_it(
    at: Callable[[float], None], per_minute: int, steps: list[tuple[float, str, int]]
):
    ours = Rate(per_minute)
    theirs = Throttled(using=RateLimiterType.GCRA.value, quota=per_min(per_minute), store=MemoryStore())
    moment = 1_000.0
    for later, payer, cost in steps:
        at(moment := moment + later)
        expected = theirs.limit(payer, cost)
        state = expected.state
        taken = ours.take(payer, cost)
        assert taken == pytest.approx(
            Spent(not expected.limited, state.remaining, state.reset_after, state.retry_after), abs=1e-6
        )


def test_a_payer_that_paid_long_ago_is_forgotten_before_others(at: Callable[[float], None], monkeypatch):
    monkeypatch.setattr(budget_rate, "_MOST_KEPT", 2)
    at(1.0)
    rate = Rate(10)
    for payer in ("one", "other", "one", "third"):
        rate.take(payer, 4)
    assert [rate.take(payer, 0).remaining for payer in ("one", "third", "other")] == [2, 6, 10]
