"""HTTP requests as text, written before the load starts, so that sending them costs next to nothing."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt

SECRET = "the bench's own secret, long enough for HS256"
WEBHOOK_KEY = b"the bench's own webhook secret!!"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(WEBHOOK_KEY).decode()
DOCUMENTS = Path(__file__).parent / "documents"


def document(name: str) -> str:
    """The text of a GraphQL document of this bench."""
    return (DOCUMENTS / f"{name}.graphql").read_text("utf-8")


def token(subject: str, **claims: str) -> str:
    """A bearer token for two hours; `scope` makes it a service's, without one it is a member's."""
    now = int(time.time())
    payload = {"sub": subject, "iss": "mipoints", "aud": "mipoints", "iat": now, "exp": now + 7200} | claims
    return jwt.encode(payload, SECRET, algorithm="HS256")


def graphql_request(body: Mapping[str, Any], bearer: str) -> str:
    """A GraphQL request over HTTP."""
    headers = {
        "content-type": "application/json",
        "accept": "application/json",
        "authorization": f"Bearer {bearer}",
    }
    return _post("/graphql", headers, json.dumps(body))


def webhook_request(event_id: str, body: Mapping[str, Any]) -> str:
    """A webhook over HTTP, signed according to Standard Webhooks."""
    text, timestamp = json.dumps(body), str(int(time.time()))
    digest = hmac.new(WEBHOOK_KEY, f"{event_id}.{timestamp}.{text}".encode(), hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
    return _post("/webhooks/native", headers, text)


def _post(path: str, headers: Mapping[str, str], body: str) -> str:
    """A POST as text."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body.encode())}", *lines]
    return "\r\n".join([*head, "", body])
