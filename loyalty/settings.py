"""Settings, read from the environment into one frozen object; an error's sentence says how to fix each problem."""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loyalty.setting_contradictions import contradictions
from loyalty.setting_names import PREFIX, unknown_names, variable_of
from loyalty.setting_parsers import PARSERS


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
    origins: tuple[str, ...] = ()
    webhook_body_limit: int = 1024 * 1024
    connections: int = 20_000
    connections_per_address: int = 1_000
    streams: int = 10_000
    streams_per_member: int = 10
    strangers_per_address: int = 20
    socket_messages: int = 100
    heartbeat_seconds: float = 15.0
    only_trusted_documents: bool = False
    trusted_manifest: str | None = None
    outgoing_allow_private: bool = False
    metrics_port: int | None = None
    keep_alive_seconds: int = 75


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
    read = {name: value for name, parse in PARSERS.items() if (value := reader.read(name, parse)) is not None}
    values: dict[str, Any] = {"database_url": "", **(_UNSET_IN_A_SANDBOX if read.get("sandbox") else {}), **read}
    settings = Settings(**values)
    reader.problems += [*unknown_names(reader.environ, PARSERS), *contradictions(settings, askable)]
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    return settings


def check_for_serving(settings: Settings) -> None:
    """Raises SettingsError if no caller could be authenticated."""
    if settings.auth_jwks_url is None and settings.auth_secret is None:
        raise SettingsError(
            "Set MIPOINTS_AUTH_JWKS_URL to your identity provider's key set, or, in a sandbox, "
            "MIPOINTS_SANDBOX=on and MIPOINTS_AUTH_SECRET to a long random text."
        )


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
