"""Reads the text of each setting. A ValueError ends the sentence that begins with the setting's name."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from loyalty.secrets_json import producer_keys_in, webhook_secrets_in


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


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 65_535:
        raise ValueError("is a port: a whole number from 1 to 65535")
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


def _secret(text: str) -> str:
    if len(text.encode()) < 32:
        raise ValueError("is a random text of at least 32 bytes, such as `openssl rand -base64 48` prints")
    return text


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


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(each.strip() for each in text.split(",") if each.strip())
    if not all(_is_origin(each) for each in origins):
        raise ValueError("is origins with commas between them, as browsers send them: https://www.mi.com,https://mi.es")
    return origins


def _is_origin(text: str) -> bool:
    """Whether it is a scheme, a host in lower case and, if it is not the scheme's own, a port, and nothing else."""
    found = re.fullmatch(r"(https?)://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", text)
    return found is not None and found[2] != {"http": "80", "https": "443"}[found[1]]


PARSERS: Mapping[str, Callable[[str], object]] = {
    "database_url": _postgres_url,
    "redis_url": _redis_url,
    "auth_jwks_url": _http_url,
    "auth_issuer": str,
    "auth_audience": str,
    "auth_secret": _secret,
    "webhook_secrets": webhook_secrets_in,
    "producer_keys": producer_keys_in,
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
    "origins": _origins,
    "webhook_body_limit": _count,
    "connections": _count,
    "connections_per_address": _whole,
    "streams": _count,
    "streams_per_member": _count,
    "strangers_per_address": _count,
    "socket_messages": _count,
    "heartbeat_seconds": _positive,
    "only_trusted_documents": _whose_are_trusted,
    "trusted_manifest": str,
    "outgoing_allow_private": _switch,
    "metrics_port": _port,
    "keep_alive_seconds": _count,
}
"""The parser of each setting's text. The defaults stand in Settings."""
