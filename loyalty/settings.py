"""Settings, read from the environment into one frozen object; an error's sentence says how to fix each problem."""

import base64
import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

PREFIX = "MIPOINTS_"


class SettingsError(Exception):
    """One or more settings are missing or wrong; the message says which and how to fix each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set from outside (design §7). Times in seconds, sizes in bytes."""

    database_url: str
    redis_url: str | None = None
    auth_jwks_url: str | None = None
    auth_issuer: str = "mipoints"
    auth_audience: str = "mipoints"
    auth_secret: str | None = None
    webhook_secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    producer_keys: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    reconcile_after_days: int = 10
    sandbox: bool = False
    hold_seconds: int | None = None
    sweep_seconds: float = 0.5
    velocity_per_minute: int | None = None
    clock_start: datetime | None = None
    person_salt: str | None = None
    pool_size: int = 10
    deadline_seconds: float = 2.0
    graphql_body_limit: int = 256 * 1024
    graphql_max_cost: int = 5_000
    graphql_member_budget: int = 10_000
    graphql_service_budget: int = 1_000_000
    graphql_stranger_budget: int = 10_000
    graphql_seconds: float = 10.0
    compiled: bool = True
    proxies: int = 0
    webhook_body_limit: int = 1024 * 1024
    streams: int = 10_000
    streams_per_member: int = 10
    heartbeat_seconds: float = 15.0
    only_trusted_documents: bool = False
    trusted_manifest: str | None = None
    outgoing_allow_private: bool = False


_UNSET_IN_A_SANDBOX: Mapping[str, object] = {
    "velocity_per_minute": 0,
    "graphql_member_budget": 0,
    "graphql_service_budget": 0,
    "graphql_stranger_budget": 0,
}
"""The values of a sandbox that replace the defaults: no limits."""

_SHARED = ("database_url", "redis_url")
"""Settings that are also read without the prefix, because other programs use those names."""


def read_settings(environ: Mapping[str, str] | None = None, *, askable: Collection[str]) -> Settings:
    """Reads MIPOINTS_* (and plain DATABASE_URL, REDIS_URL). Raises SettingsError naming every problem at once.

    `askable`: the producers that may have a key in PRODUCER_KEYS (`loyalty.webhooks.producers.ASKABLE`).
    """
    reader = _Reader(os.environ if environ is None else environ)
    read = {name: value for name, parse in _PARSERS.items() if (value := reader.read(name, parse)) is not None}
    values: dict[str, Any] = {"database_url": "", **(_UNSET_IN_A_SANDBOX if read.get("sandbox") else {}), **read}
    settings = Settings(**values)
    reader.problems.extend(_contradictions(settings, askable))
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    return settings


def variable_of(name: str) -> str:
    """The environment's name of a setting, without its prefix: `pool_size` is POOL_SIZE."""
    return "TRUSTED_DOCUMENTS" if name == "only_trusted_documents" else name.upper()


def check_for_serving(settings: Settings) -> None:
    """Raises SettingsError if no caller could be authenticated."""
    if settings.auth_jwks_url is None and settings.auth_secret is None:
        raise SettingsError(
            "Set MIPOINTS_AUTH_JWKS_URL to your identity provider's key set, or, in a sandbox, "
            "MIPOINTS_SANDBOX=on and MIPOINTS_AUTH_SECRET to a long random text."
        )


def _contradictions(settings: Settings, askable: Collection[str]) -> list[str]:
    problems = []
    if not settings.database_url:
        problems.append("Set MIPOINTS_DATABASE_URL, such as postgresql://user:password@host:5432/mipoints.")
    problems += [
        f"{PREFIX}WEBHOOK_SECRETS: a native secret is whsec_ followed by base64."
        for secret in settings.webhook_secrets.get("native", ())
        if not _is_base64(secret.removeprefix("whsec_"))
    ]
    problems += [
        f"{PREFIX}PRODUCER_KEYS: {name!r} cannot be asked; there are {', '.join(askable)}."
        for name in settings.producer_keys
        if name not in askable
    ]
    budgets = {
        "MEMBER": settings.graphql_member_budget,
        "SERVICE": settings.graphql_service_budget,
        "STRANGER": settings.graphql_stranger_budget,
    }
    problems += [
        f"{PREFIX}GRAPHQL_{name}_BUDGET is 0 for no limit, or at least {PREFIX}GRAPHQL_MAX_COST."
        for name, budget in budgets.items()
        if 0 < budget < settings.graphql_max_cost
    ]
    if not settings.sandbox:
        sandbox_only = {
            "AUTH_SECRET": settings.auth_secret,
            "HOLD_SECONDS": settings.hold_seconds,
            "CLOCK_START": settings.clock_start,
            "PRODUCER_KEYS' url": next((url for _, url in settings.producer_keys.values() if url), None),
        }
        problems += [
            f"{PREFIX}{name} is for the sandbox: set MIPOINTS_SANDBOX=on, or leave it out."
            for name, value in sandbox_only.items()
            if value is not None
        ]
    return problems


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def read(self, name: str, parse: Callable[[str], object]) -> object:
        """One setting's value; None if it is unset, or if it is invalid, which adds a problem."""
        variable = variable_of(name)
        text = self.environ.get(PREFIX + variable) or (self.environ.get(variable) if name in _SHARED else None)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.problems.append(f"{PREFIX}{variable} {error}.")
            return None


def _switch(text: str) -> bool:
    known = {
        "1": True,
        "on": True,
        "true": True,
        "yes": True,
        "0": False,
        "off": False,
        "false": False,
        "no": False,
    }
    if text.lower() not in known:
        raise ValueError("is on or off")
    return known[text.lower()]


def _whose_are_trusted(text: str) -> bool:
    if text.lower() not in {"off", "members"}:
        raise ValueError("is off, or members: they may send ids of the manifest only")
    return text.lower() == "members"


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("is a whole number of zero or more")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("is a whole number above zero")
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError("is a number of seconds above zero, such as 0.5")
    return value


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is an instant, such as 2022-09-20T08:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _salt(text: str) -> str:
    if len(text) < 16:
        raise ValueError("is a secret of at least 16 characters, set once and never changed")
    return text


def _postgres_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("is a Postgres address, such as postgresql://user:password@host:5432/mipoints")
    return text


def _redis_url(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("is a Redis address, such as redis://host:6379/0")
    return text


def _http_url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("is the https address of a JSON Web Key Set")
    return text


def _secrets(text: str) -> dict[str, tuple[str, ...]]:
    sentence = 'is JSON: each producer with its list of active secrets, such as {"native": ["whsec_…"]}'
    try:
        document = json.loads(text)
    except ValueError:
        raise ValueError(sentence) from None
    if not isinstance(document, dict) or not all(_are_secrets(secrets) for secrets in document.values()):
        raise ValueError(sentence)
    return {
        producer: (secrets,) if isinstance(secrets, str) else tuple(secrets) for producer, secrets in document.items()
    }


def _keys(text: str) -> dict[str, tuple[str, str | None]]:
    """Each producer's key, or {"key", "url"} if a sandbox uses another address."""
    sentence = 'is JSON: each producer with the key of its API, such as {"easypost": "EZAK…"}'
    try:
        document = json.loads(text)
    except ValueError:
        raise ValueError(sentence) from None
    if not isinstance(document, dict) or not all(_is_key(entry) for entry in document.values()):
        raise ValueError(sentence)
    return {
        name: (entry, None) if isinstance(entry, str) else (entry["key"], entry.get("url"))
        for name, entry in document.items()
    }


def _is_key(entry: object) -> bool:
    key = entry.get("key") if isinstance(entry, dict) else entry
    return isinstance(key, str) and key != ""


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text + "=="))
    except ValueError:
        return False


def _are_secrets(secrets: object) -> bool:
    listed = secrets if isinstance(secrets, list) else [secrets]
    return all(isinstance(secret, str) and secret for secret in listed)


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "database_url": _postgres_url,
    "redis_url": _redis_url,
    "auth_jwks_url": _http_url,
    "auth_issuer": str,
    "auth_audience": str,
    "auth_secret": str,
    "webhook_secrets": _secrets,
    "producer_keys": _keys,
    "reconcile_after_days": _count,
    "sandbox": _switch,
    "hold_seconds": _whole,
    "sweep_seconds": _positive,
    "velocity_per_minute": _whole,
    "clock_start": _instant,
    "person_salt": _salt,
    "pool_size": _count,
    "deadline_seconds": _positive,
    "graphql_body_limit": _count,
    "graphql_max_cost": _count,
    "graphql_member_budget": _whole,
    "graphql_service_budget": _whole,
    "graphql_stranger_budget": _whole,
    "graphql_seconds": _positive,
    "compiled": _switch,
    "proxies": _whole,
    "webhook_body_limit": _count,
    "streams": _count,
    "streams_per_member": _count,
    "heartbeat_seconds": _positive,
    "only_trusted_documents": _whose_are_trusted,
    "trusted_manifest": str,
    "outgoing_allow_private": _switch,
}
"""The parser of each setting's text. The defaults stand in Settings."""
