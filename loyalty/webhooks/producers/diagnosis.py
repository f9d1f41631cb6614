"""Finds out why a signature is wrong, for the person who builds the sender. The answer reveals neither a secret nor a
right signature.

It works for all producers alike: their files verify and sign, and the signature that was sent is compared with those
over other forms of body, content and key. Only the first three secrets are tried.
"""

import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime

from loyalty.webhooks.producers import Producer
from loyalty.webhooks.producers.events import BadSignature, Sent
from loyalty.webhooks.producers.findings import Finding, Pinged
from loyalty.webhooks.producers.forms import (
    WrittenSignature,
    contents_of,
    encoded_digest,
    keys_of,
    signatures_written_in,
)
from loyalty.webhooks.producers.proof import Proof, is_verified, proof_of
from loyalty.webhooks.producers.rewritten import other_bodies
from loyalty.webhooks.producers.signatures import hmac_sha256
from loyalty.webhooks.producers.signed_time import seconds_behind, sent_time, staleness, time_form

_MOST_SECRETS = 3


def quick_look(adapter: Producer, secrets: Sequence[str], sent: Sent, now: datetime) -> Pinged:
    """Whether it would be accepted as a webhook, which secret verifies it, and the sentence of the refusal, if any."""
    try:
        adapter.verify(secrets, sent, now)
    except BadSignature as error:
        return Pinged(refusal=str(error))
    verifying = [number for number, secret in enumerate(secrets, 1) if is_verified(adapter, secret, sent, now)]
    proofs = (proof_of(adapter, secret, sent.body) for secret in secrets)
    return Pinged(next(iter(verifying), None), seconds_behind(next(filter(None, proofs), None), sent, now))


def diagnose(adapter: Producer, secrets: Sequence[str], sent: Sent, refusal: str, now: datetime) -> Pinged:
    """Why a ping is rejected with the sentence `refusal`. It computes at most about two hundred signatures."""
    proofs = [proof for secret in secrets[:_MOST_SECRETS] if (proof := proof_of(adapter, secret, sent.body))]
    if not proofs:
        no_secret = Finding("NO_SECRET", "No secret that signs is active for this producer: its operators set one.")
        return Pinged(refusal=refusal, findings=(no_secret,))
    first = proofs[0]
    return Pinged(
        seconds_behind=seconds_behind(first, sent, now),
        refusal=refusal,
        findings=tuple(_findings(proofs, sent, now)),
        expected=f"{first.signature}: {first.example}",
    )


def _findings(proofs: Sequence[Proof], sent: Sent, now: datetime) -> Iterator[Finding]:
    first = proofs[0]
    missing = [name for name in first.needed if not sent.headers.get(name)]
    if missing:
        yield Finding("HEADERS_MISSING", f"Missing, or empty: {', '.join(missing)}.")
        yield from _elsewhere(proofs, sent, now)
        return
    at = sent_time(first, sent)
    if first.time_header is not None and at is None:
        yield time_form(first, sent)
        return
    yield from staleness(first, sent, now)
    yield from _of_signature(proofs, sent, at or now)


def _elsewhere(proofs: Sequence[Proof], sent: Sent, now: datetime) -> Iterator[Finding]:
    """A finding if the right signature is in a header of another name."""
    for proof in proofs:
        right = proof.sign(sent.body, proof.event_id(sent), sent_time(proof, sent) or now)
        for name, value in list(sent.headers.items())[:50]:
            if right is not None and name != proof.signature and _is_among(right.digest, signatures_written_in(value)):
                yield Finding("WRONG_HEADER", f"The signature in {name} is right; send it in {proof.signature}.")
                return


def _of_signature(proofs: Sequence[Proof], sent: Sent, at: datetime) -> Iterator[Finding]:
    header = proofs[0].signature
    given = signatures_written_in(sent.headers.get(header, ""))
    if not given:
        yield Finding("SIGNATURE_FORM", f"{header} holds no HMAC-SHA256: 32 bytes, written as below.")
        return
    for proof in proofs:
        right = proof.sign(sent.body, proof.event_id(sent), at)
        if right is not None and _is_among(right.digest, given):
            yield from _of_writing(proof, sent, right, given, at)
            return
        for finding, digest in _other_ways(proof, sent, at):
            if _is_among(digest, given):
                yield finding
                return
    yield Finding(
        "SIGNATURE_WRONG",
        "No active secret made it, and none of the first three over another form of the body or in another form of its "
        "own that we tried. Compare the secret, and sign the very bytes that are sent.",
    )


def _other_ways(proof: Proof, sent: Sent, at: datetime) -> Iterator[tuple[Finding, bytes]]:
    """Frequent mistakes, one at a time, each with the signature that it leads to."""
    event_id, timestamp = proof.event_id(sent), proof.timestamp(sent)
    for words, body in other_bodies(sent.body):
        if signed := proof.sign(body, event_id, at):
            sentence = f"It was made over the body {words}; sign the very bytes that are sent."
            yield Finding("BODY_CHANGED", sentence), signed.digest
    ours = proof.key_and_content(event_id, at)
    if ours is None:
        return
    keys, contents = keys_of(proof.secret), contents_of(sent.body, event_id, timestamp)
    for words in contents.keys() - {ours[1]}:
        sentence = f"It was made over {words}; sign {ours[1]}."
        yield Finding("SIGNED_CONTENT", sentence), hmac_sha256(keys[ours[0]], contents[words])
    for words in keys.keys() - {ours[0]}:
        sentence = f"The key was {words}; it is {ours[0]}."
        yield Finding("SECRET_FORM", sentence), hmac_sha256(keys[words], contents[ours[1]])


def _of_writing(
    proof: Proof, sent: Sent, right: WrittenSignature, given: Sequence[WrittenSignature], at: datetime
) -> Iterator[Finding]:
    """The 32 bytes are right, so they are written wrongly. No finding if only the time is wrong."""
    if proof.verifies(sent.headers, sent, at):
        return
    theirs = next(each for each in given if hmac.compare_digest(each.digest, right.digest))
    header = sent.headers[proof.signature].replace(theirs.text, encoded_digest(right.digest, proof.encoding))
    if theirs.encoding != proof.encoding and proof.verifies({**sent.headers, proof.signature: header}, sent, at):
        yield Finding("SIGNATURE_ENCODING", f"It is written in {theirs.encoding}; write it in {proof.encoding}.")
    elif theirs.encoding != proof.encoding:
        sentence = f"It is written in {theirs.encoding}; write it in {proof.encoding}, and all of the header as below."
        yield Finding("SIGNATURE_ENCODING", sentence)
    else:
        yield Finding("SIGNATURE_FORM", f"The 32 bytes are right; write all of {proof.signature} as below.")


def _is_among(digest: bytes, given: Sequence[WrittenSignature]) -> bool:
    """Compares with all of them, each in constant time."""
    matches = [hmac.compare_digest(digest, each.digest) for each in given]
    return any(matches)
