"""Sends the operations that Schemathesis makes from a schema to a running API, in every form, as every kind of
caller."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from api.negotiation import GRAPHQL_JSON, JSON
from tests.support.hostile.graphql_answers import Seen
from tests.support.hostile.graphql_forms import FORMS, Form
from tests.support.hostile.graphql_values import register_scalars
from tests.support.hostile.graphql_world import Known

SEED = int(os.environ.get("MIPOINTS_FUZZ_SEED", "1"))


_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE, GenerationMode.POSITIVE)


@dataclass(slots=True)
class Sending:
    """The callers' tokens, the values that requests can name, and the answers so far."""

    tokens: Mapping[str, str | None]
    known: Known
    session: requests.Session
    seen: Seen = field(default_factory=Seen)

    def send(self, case: Any, caller: str, form: Form, number: int) -> None:
        """Sends one request and adds its answer."""
        body = form(Random(number), case.body, case.operation.schema.client_schema, self.known)
        token = self.tokens[caller]
        headers = {"Content-Type": JSON, "Accept": (GRAPHQL_JSON, JSON)[number % 2]}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        answer = case.call(session=self.session, headers=headers, data=body)
        request = f"{form.__name__}, {caller}: {body!r}"
        (media,) = answer.headers.get("content-type", [""])
        self.seen.add(case.operation.label, request, answer.status_code, answer.content, media, answer.elapsed)

    def examples(self, operation: Any, mode: GenerationMode, many: int, seed: int) -> None:
        """Sends up to so many requests for one root field, and fewer if few are possible."""

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=many,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=mode),
            caller=st.one_of(st.sampled_from(_permitted(operation, self.tokens)), st.sampled_from(list(self.tokens))),
            form=st.sampled_from(FORMS),
            number=st.integers(0, 2**32),
        )
        def send_example(case: Any, caller: str, form: Form, number: int) -> None:
            self.send(case, caller, form, number)

        send_example()


def _permitted(operation: Any, tokens: Mapping[str, str | None]) -> list[str]:
    """Returns the callers that a field's description names before its colon, or all callers if it names none."""
    words = operation.definition.raw.description.partition(":")[0]
    return [each for each in tokens if each.removeprefix("another ") in words] or list(tokens)


def send_all(url: str, tokens: Mapping[str, str | None], known: Known, wanted: int) -> Seen:
    """Sends at least so many requests for all root fields: valid operations, and operations that break the schema."""
    register_scalars()
    schema = schemathesis.graphql.from_url(f"{url}/graphql")
    turns = [(each.ok(), mode) for each in schema.get_all_operations() for mode in _MODES]
    with requests.Session() as session:
        sending, seed = Sending(tokens, known, session), SEED * 1_000_000
        while sending.seen.requests < wanted:
            many = (wanted - sending.seen.requests) // len(turns) + 1
            for operation, mode in turns:
                seed += 1
                sending.examples(operation, mode, many, seed)
    return sending.seen
