"""Turns facts into the words of a language, ready for a template. Unknown facts are left out."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.lists import format_list
from babel.numbers import format_currency, get_currency_precision

from loyalty.messages.catalogue import MessageCatalogue, Word

Facts = Mapping[str, object]


def words_of(catalogue: MessageCatalogue, facts: Facts) -> dict[str, Word]:
    """The words for an entry or a verdict. Only `reference`, `campaigns` and `resets_at` may be missing.

    `cancelled`, `lapsed` and `debt` are points (R36): pending ones that are cancelled, lapsed ones that are not taken
    again, and those that the member owes now.
    """
    named = _present({"reference": facts.get("reference") or None})
    zone = facts.get("time_zone")
    optional = {
        "campaigns": _names(catalogue, facts.get("campaigns")),
        "resets_at": day_in_zone(catalogue, facts.get("resets_at"), str(zone) if zone else None),
    }
    return {
        "kind": lambda: catalogue.text("kinds", (str(facts.get("kind")), "OTHER"), named),
        "points": lambda: _points(catalogue, facts),
        "cancelled": lambda: catalogue.count("PENDING", amount_in(facts, "cancelled")),
        "lapsed": lambda: catalogue.count("POINTS", amount_in(facts, "lapsed")),
        "debt": lambda: catalogue.count("POINTS", amount_in(facts, "debt")),
        **named,
        **_present(optional),
    }


def day_in_zone(catalogue: MessageCatalogue, moment: object, zone: str | None) -> str | None:
    """The calendar day of a moment, in the member's zone.

    Returns None for a moment in UTC without a zone: midnight in Madrid would show as the day before.
    """
    if not isinstance(moment, datetime):
        return None
    if zone is not None and moment.tzinfo is not None:
        return catalogue.day(moment.astimezone(ZoneInfo(zone)).date())
    return None if str(moment.tzinfo) in ("None", "UTC") else catalogue.day(moment.date())


def points_in(facts: Facts) -> int | None:
    """The signed points of an entry or verdict; None if they are unknown."""
    points = facts.get("points")
    return points if isinstance(points, int) else None


def amount_in(facts: Facts, name: str) -> int:
    """Points under a name, such as `debt`; 0 if they are unknown."""
    points = facts.get(name)
    return points if isinstance(points, int) else 0


def refusal_words(catalogue: MessageCatalogue, facts: Facts, zone: str | None) -> dict[str, str]:
    """The words for a refusal, by the facts that the classes of `loyalty.refusals` carry."""
    points = {name: _counted(catalogue, facts.get(name)) for name in ("needed", "available")}
    numbers = {name: _number(catalogue, facts.get(name)) for name in ("limit", "used")}
    available_at = day_in_zone(catalogue, facts.get("available_at"), zone)
    began_on = facts.get("began_on")
    days = {"available_at": available_at, "began_on": catalogue.day(began_on) if isinstance(began_on, date) else None}
    return _present({**points, **numbers, **days, "missing": _missing(catalogue, facts)})


def notice_words(catalogue: MessageCatalogue, facts: Facts) -> dict[str, str]:
    """The further words of a notice: the day from which something is gone, and the last day before it."""
    day = facts.get("lapses_on")
    if not isinstance(day, date):
        return {}
    return {"lapses_on": catalogue.day(day), "last_day": catalogue.day(day - timedelta(days=1))}


def _points(catalogue: MessageCatalogue, facts: Facts) -> str:
    """The number of points without a sign: the sentence itself shows a gain or a loss."""
    points = points_in(facts)
    return catalogue.counted["POINTS"]["some"] if points is None else catalogue.count("POINTS", abs(points))


def _names(catalogue: MessageCatalogue, names: object) -> str | None:
    if not isinstance(names, Iterable) or isinstance(names, str):
        return None
    return format_list([str(name) for name in names], locale=catalogue.locale) or None


def _counted(catalogue: MessageCatalogue, number: object) -> str | None:
    return catalogue.count("POINTS", number) if isinstance(number, int) else None


def _number(catalogue: MessageCatalogue, number: object) -> str | None:
    return catalogue.number(number) if isinstance(number, int) else None


def _missing(catalogue: MessageCatalogue, facts: Facts) -> str | None:
    """The amount that is missing in a cart (R44), from `missing_minor` (minor units) and `currency`."""
    minor, currency = facts.get("missing_minor"), facts.get("currency")
    if not isinstance(minor, int) or not isinstance(currency, str):
        return None
    return format_currency(minor / 10 ** get_currency_precision(currency), currency, locale=catalogue.locale)


def _present(words: Mapping[str, object]) -> dict[str, str]:
    return {name: str(word) for name, word in words.items() if word is not None}
