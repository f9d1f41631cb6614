"""Decides whether a person may join, and under which terms (R1-R3)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.calendar import is_of_age
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import BeforeTheProgramme, InvalidInput, NotEligible

_OLDEST = 150


@dataclass(frozen=True, slots=True)
class Registration:
    """A person who joined, as the storefront reports. `registered_at` is when they joined (default: now)."""

    mi_id: str
    market: str
    birth_date: date
    time_zone: str | None = None
    registered_at: datetime | None = None


def terms_of_joining(catalogue: Catalogue, registration: Registration, joined_at: datetime, now: datetime) -> Terms:
    """The terms a person joins under. Raises NotEligible or InvalidInput."""
    if registration.market not in catalogue.open_markets:
        raise NotEligible("MARKET_CLOSED", f"Mi Points is not offered in {registration.market}.")
    terms = catalogue.terms_for(registration.market, joined_at)
    if terms is None:
        raise BeforeTheProgramme(catalogue.began_on(registration.market), "input", "registeredAt")
    if joined_at > now + timedelta(seconds=terms.future_seconds):
        raise InvalidInput("This lies in the future.", "input", "registeredAt", code="OCCURRED_IN_FUTURE")
    if registration.time_zone is not None and registration.time_zone not in terms.time_zones:
        raise InvalidInput(
            f"{registration.market} has the time zones {', '.join(terms.time_zones)}.", "input", "timeZone"
        )
    _check_birth_date(registration.birth_date, joined_at)
    if not is_of_age(registration.birth_date, joined_at, terms.zone, terms.minimum_age):
        raise NotEligible("UNDER_AGE", f"Mi Points is for people of {terms.minimum_age} years or more.")
    return terms


def _check_birth_date(birth_date: date, joined_at: datetime) -> None:
    if birth_date > joined_at.date() + timedelta(days=1) or joined_at.year - birth_date.year > _OLDEST:
        raise InvalidInput("This is no date of birth of a living person.", "input", "birthDate")
