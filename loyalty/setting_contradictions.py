"""Settings that contradict each other, or that are for a sandbox or for production only."""

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loyalty.loopback import is_loopback
from loyalty.secrets_json import is_base64
from loyalty.setting_names import PREFIX

if TYPE_CHECKING:
    from loyalty.settings import Settings


def contradictions(settings: "Settings", askable: Collection[str]) -> list[str]:
    """A sentence for each problem; `askable` are the producers that may have a key in PRODUCER_KEYS."""
    problems = []
    if not settings.database_url:
        problems.append("Set MIPOINTS_DATABASE_URL, such as postgresql://user:password@host:5432/mipoints.")
    problems += [
        f"{PREFIX}WEBHOOK_SECRETS: a native secret is whsec_ followed by base64."
        for secret in settings.webhook_secrets.get("native", ())
        if not is_base64(secret.removeprefix("whsec_"))
    ]
    problems += [
        f"{PREFIX}PRODUCER_KEYS: {name!r} cannot be asked; there are {', '.join(askable)}."
        for name in settings.producer_keys
        if name not in askable
    ]
    return [
        *problems,
        *_of_budgets(settings),
        *(_of_a_sandbox(settings) if settings.sandbox else _of_production(settings)),
    ]


def _of_budgets(settings: "Settings") -> list[str]:
    budgets = {
        "MEMBER": settings.graphql_member_budget,
        "SERVICE": settings.graphql_service_budget,
        "STRANGER": settings.graphql_stranger_budget,
    }
    return [
        f"{PREFIX}GRAPHQL_{name}_BUDGET is 0 for no limit, or at least {PREFIX}GRAPHQL_MAX_COST."
        for name, budget in budgets.items()
        if 0 < budget < settings.graphql_max_cost
    ]


def _of_a_sandbox(settings: "Settings") -> list[str]:
    """In a sandbox every visitor can have a token, so it has no identity provider, which real members have."""
    if settings.auth_jwks_url is None:
        return []
    sentence = (
        f"{PREFIX}SANDBOX=on and {PREFIX}AUTH_JWKS_URL contradict each other: a sandbox gives tokens to everybody, and "
        "an identity provider has real members. Leave one of them out."
    )
    return [sentence]


def _of_production(settings: "Settings") -> list[str]:
    sandbox_only = {
        "AUTH_SECRET": settings.auth_secret,
        "HOLD_SECONDS": settings.hold_seconds,
        "CLOCK_START": settings.clock_start,
        "PRODUCER_KEYS' url": next((url for _, url in settings.producer_keys.values() if url), None),
    }
    problems = [
        f"{PREFIX}{name} is for the sandbox: set MIPOINTS_SANDBOX=on, or leave it out."
        for name, value in sandbox_only.items()
        if value is not None
    ]
    if settings.auth_jwks_url is not None and not _is_secure(settings.auth_jwks_url):
        problems.append(f"{PREFIX}AUTH_JWKS_URL begins with https://: over http, others could replace the keys.")
    return problems


def _is_secure(url: str) -> bool:
    """Whether no machine between us and the host can replace an answer: by TLS, or because the host is this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")
