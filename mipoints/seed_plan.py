"""Plans a seed member: a history that ends now, in which no points have lapsed."""

from datetime import datetime, timedelta
from random import Random

from db.seed import SeedPlan
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.calendar import start_of_day
from mipoints.seed_ledger import SeedLedger
from mipoints.seed_life import Life
from mipoints.seed_shape import Shape

LONGEST_HISTORY = timedelta(days=330)
REDEEMING_SPAN = timedelta(days=20)


class CannotSeed(Exception):
    """No plan is possible for this seed; the message is a sentence."""


def plan_of(shape: Shape, catalogue: Catalogue, market: str, now: datetime, random: Random) -> SeedPlan:
    """Returns a plan that ends now and started at most eleven months ago, so that none of its points have lapsed.

    Raises CannotSeed for a market that is not open, or that opened too short a time ago.
    """
    span = _span(catalogue, market, now)
    redeeming = min(REDEEMING_SPAN, span / 10)
    reward = min((each for each in catalogue.rewards if each.market == market), key=lambda each: each.cost)
    first, *others = shape.kinds(reward.cost)
    random.shuffle(others)
    life = Life(SeedLedger(catalogue, market, now - span), random)
    life.earn([first, *others], shape.goodwill_points(reward.cost), span - redeeming)
    for place in range(shape.coupons):
        life.redeem(reward, now - redeeming * ((shape.coupons - place) / (shape.coupons + 1)))
    return life.ledger.finished()


def _span(catalogue: Catalogue, market: str, now: datetime) -> timedelta:
    versions = catalogue.terms.get(market)
    if not versions:
        raise CannotSeed(f"There are no terms for {market}: the markets are {', '.join(catalogue.open_markets)}.")
    opened = start_of_day(versions[0].effective_from, versions[0].zone)
    span = min(LONGEST_HISTORY, (now - opened) * 0.9)
    if span < timedelta(days=1):
        raise CannotSeed(f"Mi Points opened in {market} on {versions[0].effective_from}: too late for a history.")
    return span
