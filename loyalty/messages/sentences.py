"""The sentences that members read: about a verdict, an entry, a refusal, a way to earn, and a notice."""

from collections.abc import Mapping
from functools import lru_cache

from loyalty.messages.catalogue import CATALOGUES, MessageCatalogue
from loyalty.messages.takings import FORFEITED, forfeit_text, taking_text, with_debt
from loyalty.messages.words import Facts, notice_words, points_in, refusal_words, words_of
from loyalty.programme.rules.kinds import EntryKind, Outcome
from loyalty.refusals import NotAllowed, Refusal


def verdict_sentence(code: str, language: str, facts: Facts) -> str:
    """One sentence about a verdict (R60). Raises KeyError for a code that the rules do not have.

    Facts, each optional: points, kind, outcome, reference, campaigns (names), resets_at, and the member's time_zone;
    without the zone a `resets_at` in UTC is left out. Of points that are taken also: cause (the code of why), and in
    points cancelled, lapsed and debt (R36).
    """
    catalogue = CATALOGUES[language]
    return _sentence(_verdict_text(catalogue, code, facts))


def _verdict_text(catalogue: MessageCatalogue, code: str, facts: Facts) -> str:
    kind, outcome = facts.get("kind"), facts.get("outcome")
    if kind == EntryKind.REDEMPTION:
        return _entry_text(catalogue, EntryKind.REDEMPTION, facts)
    if kind == EntryKind.ADJUSTMENT and outcome == Outcome.REVERSED:
        return forfeit_text(catalogue, facts)
    if kind == EntryKind.CLAWBACK or outcome == Outcome.REVERSED:
        return taking_text(catalogue, code, facts)
    text = catalogue.text("verdicts", _verdict_keys(code, facts), words_of(catalogue, facts))
    return with_debt(catalogue, text, facts)


def entry_sentence(kind: str, language: str, facts: Facts) -> str:
    """One sentence about an entry of the ledger. Facts, each optional: points (signed), reference, and of points that
    are taken also the cause (a verdict's code, or FORFEITED) and the debt in points (R36)."""
    catalogue = CATALOGUES[language]
    return _sentence(_entry_text(catalogue, kind, facts))


def _entry_text(catalogue: MessageCatalogue, kind: str, facts: Facts) -> str:
    if facts.get("cause") == FORFEITED:
        return forfeit_text(catalogue, facts)
    if kind == EntryKind.CLAWBACK and facts.get("cause"):
        return taking_text(catalogue, str(facts["cause"]), {**facts, "kind": kind})
    keys = (f"{kind}_TAKEN", kind, "EARNED") if _are_taken(facts) else (kind, "EARNED")
    text = catalogue.text("entries", keys, words_of(catalogue, {**facts, "kind": kind}))
    return with_debt(catalogue, text, facts)


def refusal_sentence(refusal: Refusal, language: str, *, time_zone: str | None = None) -> str:
    """One sentence about a refusal; the refusal's own English sentence if the catalogue does not have its code.

    Technical refusals keep their specific English sentence. `time_zone` is the member's; without it an `available_at`
    in UTC is left out.
    """
    catalogue = CATALOGUES[language]
    if refusal.code not in catalogue.texts["refusals"]:
        return str(refusal)
    words = refusal_words(catalogue, refusal.facts, time_zone)
    return _sentence(catalogue.text("refusals", (refusal.code,), words | _own_sentence(refusal)))


def way_sentence(
    kind: str,
    points: int,
    language: str,
    cap_limit: int | None,
    cap_period: str | None,
    actions: Mapping[str, str] | None = None,
    currency: str | None = None,
) -> str:
    """One sentence on how to earn: the action, the points for each, and how often. A purchase's points are for a unit
    of the market's `currency`.

    `actions`, by language, are the terms' texts of a way that the catalogue does not have (R22).
    """
    action = actions.get(language) if actions else None
    return _way_sentence(kind, points, language, cap_limit, cap_period, action, currency)


@lru_cache(maxsize=4096)
def _way_sentence(
    kind: str,
    points: int,
    language: str,
    cap_limit: int | None,
    cap_period: str | None,
    action: str | None,
    currency: str | None,
) -> str:
    """Cached, because every member of a market sees the same few sentences."""
    catalogue = CATALOGUES[language]
    words = {
        "action": action if action is not None else catalogue.text("actions", (kind, "OTHER"), {}),
        "points": catalogue.count("POINTS", points),
    }
    return catalogue.text(
        "ways", (f"{kind}_{currency}", kind, "EARNED"), words | _cap(catalogue, cap_limit, cap_period)
    )


def notice_sentence(kind: str, language: str, facts: Facts) -> str:
    """One sentence of a notice (R50). Facts, each optional: points, lapses_on (a day), reference, and of points that
    were taken back the cause (a verdict's code) and the debt in points (R36)."""
    catalogue = CATALOGUES[language]
    if kind == EntryKind.CLAWBACK and facts.get("cause"):
        return _sentence(taking_text(catalogue, str(facts["cause"]), facts))
    return _sentence(catalogue.text("notices", (kind,), words_of(catalogue, facts) | notice_words(catalogue, facts)))


def _verdict_keys(code: str, facts: Facts) -> list[str]:
    """The keys of possible texts, the most specific first: points debited, none given, the kind's, the code's."""
    special = [str(facts.get("kind"))]
    if facts.get("outcome") == Outcome.REFUSED or points_in(facts) == 0:
        special.insert(0, "NOTHING")
    if _are_taken(facts):
        special.insert(0, "TAKEN")
    return [f"{code}_{facet}" for facet in special] + [code]


def _are_taken(facts: Facts) -> bool:
    return (points_in(facts) or 0) < 0


def _own_sentence(refusal: Refusal) -> dict[str, str]:
    """The refusal's own sentence; empty for the general NotAllowed, which each language has."""
    is_general = isinstance(refusal, NotAllowed) and str(refusal) == str(NotAllowed())
    return {} if is_general else {"sentence": str(refusal)}


def _cap(catalogue: MessageCatalogue, limit: int | None, period: str | None) -> dict[str, str]:
    if limit is None or period is None or period not in catalogue.counted:
        return {}
    return {"cap": catalogue.count(period, limit)}


def _sentence(text: str) -> str:
    """The text with a capital letter at its start."""
    return text[:1].upper() + text[1:]
