"""The sentences that support reads about each thing that is known of a member (R62)."""

from collections.abc import Callable, Mapping
from typing import Any

from loyalty.members.refused import refusal_in
from loyalty.messages.sentences import refusal_sentence, verdict_sentence

WhyFacts = Mapping[str, Any]


def _verdict(facts: WhyFacts, language: str) -> str:
    sentence = verdict_sentence(facts["code"], language, facts)
    return f"{facts['kind']} was answered {facts['outcome']}, {facts['code']} (terms {facts['terms']}): {sentence}"


def _refusal(facts: WhyFacts, language: str) -> str:
    refusal, request = refusal_in(facts), facts.get("request", {})
    about = "".join(f" for {name} {value}" for name, value in sorted(request.get("about", {}).items()))
    return f"{request.get('operation', 'A request')}{about} was refused, {refusal.code}: " + refusal_sentence(
        refusal, language
    )


def _wait(facts: WhyFacts, _language: str) -> str:
    about = f" for {facts['reference']}" if facts["reference"] else ""
    return f"{facts['points']} points of {facts['kind']}{about} are pending: {_AWAITED[facts['awaiting']](facts)}."


_AWAITED: Mapping[str, Callable[[WhyFacts], str]] = {
    "HOLD": lambda facts: f"their hold ends at {facts['due_at']}",
    "DELIVERY": lambda _facts: "they wait for the delivery of a parcel",
    "PUBLICATION": lambda _facts: "they wait for the publication of the review",
    "REVIEW_BY_OPERATOR": lambda _facts: "they wait for an operator",
}


def _fact(facts: WhyFacts, _language: str) -> str:
    parcel = f" of parcel {facts['tracking_number']}" if facts["tracking_number"] else ""
    return (
        f"{facts['producer']} reported {facts['kind']}{parcel} of order {facts['number']} (event {facts['event_id']})."
    )


def _kept_fact(facts: WhyFacts, language: str) -> str:
    return f"{_fact(facts, language)} It is kept until the membership is active again."


def _delivery(facts: WhyFacts, _language: str) -> str:
    order = f" about order {facts['number']}" if facts["number"] else ""
    reason = f": {facts['error']}" if facts["error"] else "."
    event = f"Webhook {facts['event_id']} of {facts['producer']} ({facts['type']}){order}"
    return f"{event} is {facts['state']} after {facts['attempts']} attempts{reason}"


def _coupon(facts: WhyFacts, _language: str) -> str:
    order = f" for order {facts['number']}" if facts["number"] else ""
    until = f" until {facts['reserved_until']}" if facts["reserved_until"] else ""
    return f"Coupon {facts['code']} is {facts['state']}{order}{until}; it expires at {facts['expires_at']}."


def _operator(facts: WhyFacts, _language: str) -> str:
    reason = f": {facts['reason']}" if facts["reason"] else "."
    return f"{facts['actor']} sent {facts['action']}{reason}"


def _order(facts: WhyFacts, _language: str) -> str:
    if not facts["is_own"]:
        return f"Order {facts['number']} belongs to another member."
    return f"Order {facts['number']} has not been recorded."


def _member(facts: WhyFacts, _language: str) -> str:
    return f"The membership is {facts['state']}."


SENTENCES: Mapping[str, Callable[[WhyFacts, str], str]] = {
    "VERDICT": _verdict,
    "REFUSAL": _refusal,
    "WAIT": _wait,
    "FACT": _fact,
    "KEPT_FACT": _kept_fact,
    "DELIVERY": _delivery,
    "COUPON": _coupon,
    "OPERATOR": _operator,
    "ORDER": _order,
    "MEMBER": _member,
}
"""The sentence of each source's facts; the second argument is the language of what members read."""
