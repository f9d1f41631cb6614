"""Asks a running API what Schemathesis makes of its schema, in every form, as every kind of caller."""

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
class Asking:
    """Whoever asks, what about, and what was answered so far."""

    tokens: Mapping[str, str | None]
    known: Known
    session: requests.Session
    seen: Seen = field(default_factory=Seen)

    def ask(self, case: Any, caller: str, form: Form, number: int) -> None:
        """One request."""
        body = form(Random(number), case.body, case.operation.schema.client_schema, self.known)
        token = self.tokens[caller]
        headers = {"Content-Type": JSON, "Accept": (GRAPHQL_JSON, JSON)[number % 2]}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        answer = case.call(session=self.session, headers=headers, data=body)
        what = f"{form.__name__}, {caller}: {body!r}"
        (media,) = answer.headers.get("content-type", [""])
        self.seen.add(case.operation.label, what, answer.status_code, answer.content, media, answer.elapsed)

    def examples(self, operation: Any, mode: GenerationMode, many: int, seed: int) -> None:
        """Up to so many requests about one root field; where few are possible, fewer."""

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
            caller=st.one_of(st.sampled_from(_who_may(operation, self.tokens)), st.sampled_from(list(self.tokens))),
            form=st.sampled_from(FORMS),
            number=st.integers(0, 2**32),
        )
        def ask(case: Any, caller: str, form: Form, number: int) -> None:
            self.ask(case, caller, form, number)

        ask()


def _who_may(operation: Any, tokens: Mapping[str, str | None]) -> list[str]:
    """Those that the words before the colon of a field's description name; everybody where they name none."""
    words = operation.definition.raw.description.partition(":")[0]
    return [each for each in tokens if each.removeprefix("another ") in words] or list(tokens)


def ask_all(url: str, tokens: Mapping[str, str | None], known: Known, wanted: int) -> Seen:
    """So many requests at least, about every root field: valid operations, and such that break a rule of the schema."""
    register_scalars()
    schema = schemathesis.graphql.from_url(f"{url}/graphql")
    turns = [(each.ok(), mode) for each in schema.get_all_operations() for mode in _MODES]
    with requests.Session() as session:
        asking, seed = Asking(tokens, known, session), SEED * 1_000_000
        while asking.seen.asked < wanted:
            many = (wanted - asking.seen.asked) // len(turns) + 1
            for operation, mode in turns:
                seed += 1
                asking.examples(operation, mode, many, seed)
    return asking.seen
