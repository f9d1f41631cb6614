"""An identity provider on this machine, for servers in production mode: they accept its tokens only."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

_ID = "bench"


@dataclass(frozen=True, slots=True)
class Provider:
    """The address of the provider's key set, and the key that signs its tokens."""

    address: str
    key: Ed25519PrivateKey

    def token(self, subject: str, **claims: str) -> str:
        """Returns a token that is valid for an hour."""
        now = int(time.time())
        payload = {"sub": subject, "iss": "mipoints", "aud": "mipoints", "iat": now, "exp": now + 3600} | claims
        return jwt.encode(payload, self.key, algorithm="EdDSA", headers={"kid": _ID})


@contextmanager
def provider() -> Iterator[Provider]:
    """Serves the key set until the end of the block."""
    key = Ed25519PrivateKey.generate()
    listed = json.dumps({"keys": [OKPAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": _ID}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(listed)))
            self.end_headers()
            self.wfile.write(listed)

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield Provider(f"http://127.0.0.1:{server.server_port}/keys", key)
    server.shutdown()
    server.server_close()
