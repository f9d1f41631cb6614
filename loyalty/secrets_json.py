"""Reads the settings that are JSON: webhook secrets, and the keys of producers' APIs."""

import base64
import json


def webhook_secrets_in(text: str) -> dict[str, tuple[str, ...]]:
    """Each producer's active secrets, from a list or one text. Raises ValueError with the end of a sentence."""
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


def producer_keys_in(text: str) -> dict[str, tuple[str, str | None]]:
    """Each producer's key, and its API's address if a sandbox uses another one. Raises ValueError likewise."""
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


def is_base64(text: str) -> bool:
    """Whether a text, padded or not, is base64 of at least one byte."""
    try:
        return bool(base64.b64decode(text + "=="))
    except ValueError:
        return False


def _are_secrets(secrets: object) -> bool:
    listed = secrets if isinstance(secrets, list) else [secrets]
    return all(isinstance(secret, str) and secret for secret in listed)
