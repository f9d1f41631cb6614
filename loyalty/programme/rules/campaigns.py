"""Campaigns: they multiply points or add to them, in some markets and for some time (R21)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal

from loyalty.programme.rules.calendar import start_of_day
from loyalty.programme.rules.document import BadDocument, Fields
from loyalty.programme.rules.kinds import LANGUAGES
from loyalty.programme.rules.rounding import half_up

Effect = Literal["MULTIPLY", "BONUS"]

HIGHEST_FACTOR = 100
_UNCHANGED = Fraction(1)
HIGHEST_BONUS = 1_000_000


class BadCampaign(BadDocument):
    """A campaign file that cannot be loaded; the sentence names the field."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A window of two instants (the end excluded), markets, kinds, products (none = all) and one effect.

    `ended_at` is when an operator ended it, within its window or before. `names` are (language, name); they are no part
    of what the campaign is.
    """

    id: str
    name: str
    markets: frozenset[str]
    kinds: frozenset[str]
    effect: Effect
    factor: Fraction | None
    bonus: int | None
    product_ids: frozenset[str]
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    names: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def name_in(self, language: str) -> str:
        """Its name in a language; its own name where it has none in it."""
        return dict(self.names).get(language, self.name)

    @property
    def over_at(self) -> datetime:
        """The first instant after the campaign: its planned end, or the moment at which it was ended early."""
        return self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)

    def runs(self, market: str, moment: datetime) -> bool:
        """Whether the campaign runs in a market at a moment."""
        return market in self.markets and self.starts_at <= moment < self.over_at

    def fits(self, kind: str, market: str, moment: datetime, product_id: str | None) -> bool:
        """Whether an event counts for the campaign. A campaign on some products needs one of them to be named."""
        in_scope = not self.product_ids or product_id in self.product_ids
        return kind in self.kinds and in_scope and self.runs(market, moment)


def is_factor(factor: Fraction) -> bool:
    """A factor that raises points: above 1, with at most two decimals, and within what points can count."""
    return 1 < factor <= HIGHEST_FACTOR and (factor * 100).denominator == 1


def best_factor(
    campaigns: Iterable[Campaign], kind: str, market: str, moment: datetime, product: str | None
) -> tuple[Fraction, Campaign | None]:
    """The highest factor that fits, and its campaign; factors do not add up.

    (1, None) if no campaign raises the points.
    """
    best, winner = _UNCHANGED, None
    for campaign in sorted(campaigns, key=lambda each: each.id):
        factor = campaign.factor if campaign.effect == "MULTIPLY" else None
        if factor is not None and factor > best and campaign.fits(kind, market, moment, product):
            best, winner = factor, campaign
    return best, winner


def bonuses(
    campaigns: Iterable[Campaign], kind: str, market: str, moment: datetime, product: str | None
) -> list[Campaign]:
    """All BONUS campaigns that fit, by id: they add up."""
    fitting = (c for c in campaigns if c.effect == "BONUS" and c.bonus and c.fits(kind, market, moment, product))
    return sorted(fitting, key=lambda each: each.id)


def extras(
    points: int, campaigns: Iterable[Campaign], kind: str, market: str, moment: datetime, product: str | None
) -> list[tuple[Campaign, int]]:
    """What campaigns add to an activity: the best factor's extra, rounded half up, then each bonus."""
    known = tuple(campaigns)
    factor, winner = best_factor(known, kind, market, moment, product)
    multiplied = [] if winner is None else [(winner, half_up((factor - 1) * points))]
    added = [(each, each.bonus or 0) for each in bonuses(known, kind, market, moment, product)]
    return [(campaign, extra) for campaign, extra in multiplied + added if extra > 0]


def campaigns_from(document: Mapping[str, object], zones: Mapping[str, str]) -> list[Campaign]:
    """The campaigns of a data file: each effect, once for every distinct window its local days make.

    `zones` gives each market's default zone. Raises BadCampaign, naming the field.
    """
    file = Fields(document, BadCampaign)
    windows = _windows(file.tables("windows"), zones)
    campaigns = [
        _campaign(effect, markets, window, alone=len(windows) == 1)
        for effect in file.tables("campaigns")
        for window, markets in windows.items()
    ]
    file.nothing_else()
    return campaigns


def _windows(tables: list[Fields], zones: Mapping[str, str]) -> dict[tuple[datetime, datetime], frozenset[str]]:
    """Markets by their window of instants: from the first local day's beginning to the last one's end."""
    windows: dict[tuple[datetime, datetime], frozenset[str]] = {}
    seen: set[str] = set()
    for table in tables:
        first, last = table.date("first_day"), table.date("last_day")
        if last < first:
            raise table.wrong("last_day", "is before first_day")
        for market in table.texts("markets"):
            if market not in zones:
                raise table.wrong("markets", f"names {market}, which has no terms")
            if market in seen:
                raise table.wrong("markets", f"names {market} twice")
            seen.add(market)
            window = _instants(first, last, zones[market])
            windows[window] = windows.get(window, frozenset()) | {market}
        table.nothing_else()
    return windows


def _instants(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    return start_of_day(first, zone), start_of_day(last + timedelta(days=1), zone)


def _campaign(table: Fields, markets: frozenset[str], window: tuple[datetime, datetime], *, alone: bool) -> Campaign:
    """One effect in one window; where the file makes several windows, the id names the markets."""
    name = table.text("id")
    effect = table.one_of("effect", "MULTIPLY", "BONUS")
    campaign = Campaign(
        id=name if alone else "-".join([name, *sorted(market.lower() for market in markets)]),
        name=table.text("name"),
        markets=markets,
        kinds=frozenset(table.texts("kinds")),
        effect="MULTIPLY" if effect == "MULTIPLY" else "BONUS",
        factor=_factor(table) if effect == "MULTIPLY" else None,
        bonus=_bonus(table) if effect == "BONUS" else None,
        product_ids=frozenset(table.texts("product_ids", or_none=True)),
        starts_at=window[0],
        ends_at=window[1],
        names=_names(table),
    )
    table.nothing_else()
    return campaign


def _names(table: Fields) -> tuple[tuple[str, str], ...]:
    """The names by language; a language may be left out. Raises BadCampaign for an unknown one, or for a blank name."""
    texts = table.table("names")
    names = tuple((language, texts.text(language)) for language in LANGUAGES if texts.has(language))
    texts.nothing_else()
    return names


def _factor(table: Fields) -> Fraction:
    factor = table.decimal("factor")
    if not is_factor(factor):
        raise table.wrong("factor", f"must be above 1, with at most two decimals, and at most {HIGHEST_FACTOR}")
    return factor


def _bonus(table: Fields) -> int:
    bonus = table.number("bonus", at_least=1)
    if bonus > HIGHEST_BONUS:
        raise table.wrong("bonus", f"must be at most {HIGHEST_BONUS}")
    return bonus
