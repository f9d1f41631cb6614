"""The texts about points that leave a member: how many, the cause, and clauses for a debt and for lapsed points."""

from collections.abc import Sequence

from loyalty.messages.catalogue import MessageCatalogue
from loyalty.messages.words import Facts, amount_in, points_in, words_of
from loyalty.programme.rules.kinds import Code, Outcome

FORFEITED = "FORFEITED"
"""The cause of points that end with the membership (R5, R71)."""


def taking_text(catalogue: MessageCatalogue, code: str, facts: Facts) -> str:
    """Points that are taken back (R32, R35, R36). `code` is the verdict's: GRANTED if an operator has approved it. The
    fact `cause` is the code of why, if it differs from `code`."""
    effect = _effect(code, facts)
    words = words_of(catalogue, facts) | {"cause": _cause(catalogue, code, facts)}
    text = catalogue.text("takings", (effect,), words)
    return _with_clauses(catalogue, text, facts, _clauses(effect, facts))


def forfeit_text(catalogue: MessageCatalogue, facts: Facts) -> str:
    """Points that end with the membership (R5, R71)."""
    only_pending = points_in(facts) == 0 and amount_in(facts, "cancelled") > 0
    text = catalogue.text("takings", ("FORFEITED_VOIDED" if only_pending else FORFEITED,), words_of(catalogue, facts))
    return _with_clauses(catalogue, text, facts, [] if only_pending else _voided_too(facts))


def with_debt(catalogue: MessageCatalogue, text: str, facts: Facts) -> str:
    """The text, and a clause about the debt if there is one (R36)."""
    return _with_clauses(catalogue, text, facts, _owed(facts))


def _effect(code: str, facts: Facts) -> str:
    """The key of the text: what becomes of the points."""
    if code == Code.WAITING_FOR_OPERATOR:
        return "WAITING"
    if code == Code.DECLINED or facts.get("outcome") == Outcome.REFUSED:
        return "DECLINED"
    if points_in(facts) != 0:
        return "TAKEN"
    if amount_in(facts, "cancelled"):
        return "VOIDED"
    return "LAPSED" if amount_in(facts, "lapsed") else "NOTHING"


def _cause(catalogue: MessageCatalogue, code: str, facts: Facts) -> str:
    """The causes, each with a blank before it; empty for codes that say nothing about why."""
    causes = [str(facts.get("cause") or code), *(["CHECKED"] if code == Code.GRANTED else [])]
    known, words = catalogue.texts["causes"], words_of(catalogue, facts)
    return "".join(f" {catalogue.text('causes', (cause,), words)}" for cause in causes if cause in known)


def _clauses(effect: str, facts: Facts) -> list[str]:
    voided = _voided_too(facts) if effect == "TAKEN" else []
    lapsed = ["LAPSED"] if effect in {"TAKEN", "VOIDED"} and amount_in(facts, "lapsed") else []
    return [*voided, *lapsed, *_owed(facts)]


def _voided_too(facts: Facts) -> list[str]:
    return ["VOIDED"] if amount_in(facts, "cancelled") else []


def _owed(facts: Facts) -> list[str]:
    return ["OWED"] if amount_in(facts, "debt") else []


def _with_clauses(catalogue: MessageCatalogue, text: str, facts: Facts, clauses: Sequence[str]) -> str:
    """The text with the clauses before its full stop."""
    if not clauses:
        return text
    words = words_of(catalogue, facts)
    added = "".join(catalogue.text("clauses", (clause,), words) for clause in clauses)
    return f"{text.removesuffix('.')}{added}."
