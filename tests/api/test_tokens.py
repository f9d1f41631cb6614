"""Bearer tokens: valid ones are accepted, and all others are rejected with a reason."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from loyalty.settings import Settings
from loyalty.token_keys import TokenProblem
from loyalty.tokens import Verifier, check_scope, issue
from tests.support.patience import PATIENCE, eventually

SECRET = "a sandbox secret that is long enough for HS256"
SANDBOX = Settings(database_url="postgresql://unused@localhost/nothing", auth_secret=SECRET, sandbox=True)


def claims(**changes: object) -> dict[str, object]:
    good = {"sub": "mi-1", "iss": "mipoints", "aud": "mipoints", "exp": int(time.time()) + 60}
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(**changes: object) -> str:
    return jwt.encode(claims(**changes), SECRET, algorithm="HS256")


async def test_a_member_is_authenticated_by_its_token():
    caller = await Verifier(SANDBOX).verify(issue(SANDBOX, member="mi-1", market="ES"))
    assert (caller.name, caller.is_member, caller.problem) == ("mi-1", True, None)


async def test_a_service_has_the_scopes_of_its_token_and_is_no_member():
    caller = await Verifier(SANDBOX).verify(issue(SANDBOX, scope="storefront operator", name="mi.com"))
    assert caller.name == "mi.com"
    assert not caller.is_member
    assert caller.has("storefront")
    assert caller.has("auditor", "operator")
    assert not caller.has("auditor")


@pytest.mark.parametrize("scope", ["", " ", "openid profile", "STOREFRONT", "storefront.read", "openid,operator"])
async def test_only_our_own_scopes_make_a_service_because_peoples_tokens_have_scopes_too(scope: str):
    caller = await Verifier(SANDBOX).verify(signed(scope=scope))
    assert (caller.name, caller.is_member, caller.scopes) == ("mi-1", True, frozenset())
    assert not caller.has("storefront", "operator", "auditor")


async def test_a_scope_of_ours_among_others_makes_a_service():
    caller = await Verifier(SANDBOX).verify(signed(scope="openid auditor profile"))
    assert (caller.is_member, caller.scopes) == (False, frozenset({"auditor"}))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_the_issuers_clock_may_be_a_few_seconds_ahead_of_ours(claim: str):
    verifier = Verifier(SANDBOX)
    for _ in range(2):  # verified, and then kept
        assert (await verifier.verify(signed(sub="mi-2", **{claim: int(time.time()) + 4}))).name == "mi-2"


async def test_without_a_token_the_caller_has_no_name_and_no_problem():
    caller = await Verifier(SANDBOX).verify(None)
    assert (caller.name, caller.problem) == (None, None)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"exp": int(time.time()) - 1}, "expired"),
        ({"exp": None}, "`exp`"),
        ({"exp": "tomorrow"}, "not a token"),
        ({"sub": None}, "`sub`"),
        ({"sub": ""}, "`sub`"),
        ({"sub": "x" * 201}, "`sub`"),
        ({"sub": "a\0b"}, "`sub`"),
        ({"iss": None}, "`iss`"),
        ({"iss": "https://elsewhere.example"}, "issuer"),
        ({"aud": None}, "`aud`"),
        ({"aud": "another"}, "audience"),
        ({"aud": ["another"]}, "audience"),
        ({"nbf": int(time.time()) + 600}, "not valid yet"),
        ({"iat": int(time.time()) + 600}, "not valid yet"),
        ({"scope": ["storefront"]}, "`scope`"),
        ({"scope": 7}, "`scope`"),
    ],
)
async def test_a_token_with_a_wrong_claim_is_rejected(changes: dict[str, object], word: str):
    caller = await Verifier(SANDBOX).verify(signed(**changes))
    assert caller.name is None
    assert word in (caller.problem or "")


def unsigned() -> str:
    return jwt.encode(claims(), "", algorithm="none")


def with_payload(payload: bytes) -> str:
    header, _, signature = signed().split(".")
    return f"{header}.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.{signature}"


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "..", "a.b.c", "nonsense", "ü.ü.ü", "\ud800", "x" * 10_000, "." * 5000, signed()[:-4], signed() + "x",
        unsigned(), jwt.encode(claims(), "another server's secret, long enough too", algorithm="HS256"),
        jwt.encode(claims(), SECRET * 2, algorithm="HS512"), with_payload(json.dumps(claims(sub="mi-2")).encode()),
        with_payload(b"[]"), with_payload(b"\xff"), with_payload(b"[" * 3000), with_payload(b"null"),
        "eyJhbGciOm51bGx9.e30.", "eyJhbGciOlsiSFMyNTYiXX0.e30.x", "bnVsbA.bnVsbA.bnVsbA",
    ],
    ids=lambda token: repr(token[:20]),
)  # fmt: skip
async def test_a_text_that_is_no_valid_token_is_rejected_with_the_reason(token: str):
    caller = await Verifier(SANDBOX).verify(token)
    assert caller.name is None
    assert caller.problem
    assert "Traceback" not in caller.problem


async def test_a_token_verified_before_is_rejected_after_it_expired():
    verifier, seconds = Verifier(SANDBOX), 2
    while (await verifier.verify(token := signed(exp=int(time.time()) + seconds))).name != "mi-1":
        seconds *= 2  # a busy machine was too slow

    async def has_expired() -> bool:
        return "expired" in ((await verifier.verify(token)).problem or "")

    await eventually(has_expired)


async def test_a_verified_token_is_refused_while_the_hosts_clock_is_outside_its_times(monkeypatch: pytest.MonkeyPatch):
    verifier, now = Verifier(SANDBOX), int(time.time())
    token = signed(nbf=now - 5, exp=now + 6000)
    assert (await verifier.verify(token)).name == "mi-1"
    for moment, is_valid in ((now - 11, False), (now - 10, True), (now + 5999, True), (now + 6000, False)):
        monkeypatch.setattr("loyalty.verified_tokens.time.time", lambda moment=moment: moment)
        assert (verifier._verified.get(token) is not None) == is_valid


async def test_a_refused_token_is_not_cached_and_a_verified_one_only_by_its_exact_text():
    verifier, token = Verifier(SANDBOX), signed()
    await verifier.verify(token + "x")
    assert not verifier._verified._callers
    assert (await verifier.verify(token)).name == "mi-1"
    for other in (token + "x", token[:-4], token.swapcase(), " " + token):
        assert (await verifier.verify(other)).problem
    assert list(verifier._verified._callers) == [token]


async def test_the_token_that_was_used_longest_ago_makes_room():
    verifier = Verifier(SANDBOX)
    verifier._verified.most = 2
    first, second, third = (signed(sub=f"mi-{number}") for number in range(3))
    for token in (first, second, first, third):
        await verifier.verify(token)
    assert list(verifier._verified._callers) == [first, third]


async def test_verified_tokens_do_not_fill_the_memory():
    verifier = Verifier(SANDBOX)
    verifier._verified.most = 10
    for number in range(50):
        await verifier.verify(signed(sub=f"mi-{number}"))
    assert len(verifier._verified._callers) == 10


def test_only_a_sandbox_issues_tokens_and_only_for_one_caller():
    with pytest.raises(TokenProblem, match="AUTH_SECRET"):
        issue(replace(SANDBOX, auth_secret=None), member="mi-1")
    for both_or_none in ({}, {"member": "mi-1", "scope": "operator"}):
        with pytest.raises(TokenProblem, match="not both"):
            issue(SANDBOX, **both_or_none)


def test_a_misspelt_scope_is_refused():
    check_scope("storefront operator")
    for wrong in ("", "  ", "storefornt", "operator admin"):
        with pytest.raises(TokenProblem, match="storefront"):
            check_scope(wrong)


# --- an identity provider, over real HTTP

KEYS: dict[str, object] = {
    "rsa-1": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ec-1": ec.generate_private_key(ec.SECP256R1()),
    "ed-1": ed25519.Ed25519PrivateKey.generate(),
}


@dataclass
class Provider:
    """Serves a key set; `answer` can be replaced to serve nonsense, and `is_awake` cleared to let clients wait."""

    keys: dict[str, object] = field(default_factory=dict)
    answer: bytes | None = None
    requests: int = 0
    address: str = ""
    is_awake: threading.Event = field(default_factory=threading.Event)

    def body(self) -> bytes:
        self.requests += 1
        self.is_awake.wait(PATIENCE)
        return self.answer if self.answer is not None else json.dumps({"keys": self._listed()}).encode()

    def _listed(self) -> list[dict[str, object]]:
        kinds = {
            "rsa": jwt.algorithms.RSAAlgorithm,
            "ec": jwt.algorithms.ECAlgorithm,
            "ed": jwt.algorithms.OKPAlgorithm,
        }
        listed = []
        for name, key in self.keys.items():
            if isinstance(key, bytes):
                listed.append({"kty": "oct", "kid": name, "k": base64.urlsafe_b64encode(key).decode().rstrip("=")})
                continue
            public = kinds[name.partition("-")[0]].to_jwk(key.public_key(), as_dict=True)
            listed.append(public | {"kid": name, "use": "sig"})
        return listed

    def token(self, name: str, algorithm: str, **changes: object) -> str:
        return jwt.encode(claims(**changes), self.keys[name], algorithm=algorithm, headers={"kid": name})

    @property
    def settings(self) -> Settings:
        return Settings(database_url="postgresql://unused@localhost/nothing", auth_jwks_url=self.address)


@pytest.fixture
def provider() -> Iterator[Provider]:
    served = Provider(dict(KEYS))
    served.is_awake.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served.body()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    served.address = f"http://127.0.0.1:{server.server_port}/keys"
    yield served
    served.is_awake.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "algorithm"), [("rsa-1", "RS256"), ("rsa-1", "PS256"), ("ec-1", "ES256"), ("ed-1", "EdDSA")]
)
async def test_a_token_is_verified_by_the_providers_key(provider: Provider, name: str, algorithm: str):
    caller = await Verifier(provider.settings).verify(provider.token(name, algorithm))
    assert (caller.name, caller.problem) == ("mi-1", None)


async def test_keys_are_fetched_once_for_many_tokens(provider: Provider):
    verifier = Verifier(provider.settings)
    for number in range(20):
        token = provider.token("ed-1", "EdDSA", sub=f"mi-{number}")
        assert (await verifier.verify(token)).name == f"mi-{number}"
    assert provider.requests == 1


async def test_tokens_with_unknown_keys_do_not_fetch_the_providers_keys_each_time(provider: Provider):
    verifier = Verifier(provider.settings)
    for number in range(20):
        token = jwt.encode(claims(), provider.keys["ed-1"], algorithm="EdDSA", headers={"kid": f"unknown-{number}"})
        assert "not listed" in ((await verifier.verify(token)).problem or "")
    assert provider.requests <= 2


async def test_a_public_key_is_never_taken_for_a_secret(provider: Provider):
    public = (
        provider.keys["rsa-1"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa-1","typ":"JWT"}').decode().rstrip("=")
    payload = base64.urlsafe_b64encode(json.dumps(claims()).encode()).decode().rstrip("=")
    digest = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(digest.sign(f"{header}.{payload}".encode(), public)).decode().rstrip("=")
    mistaken = replace(SANDBOX, auth_secret=public.decode())
    for settings in (provider.settings, replace(provider.settings, auth_secret=SECRET, sandbox=True), mistaken):
        caller = await Verifier(settings).verify(f"{header}.{payload}.{signature}")
        assert caller.name is None
        assert caller.problem


async def test_a_secret_in_a_key_set_is_no_key(provider: Provider):
    provider.keys["oct-1"] = SECRET.encode()
    for algorithm in ("HS256", "RS256"):
        header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "oct-1"}).encode()).decode()
        token = ".".join([header.rstrip("="), *provider.token("oct-1", "HS256").split(".")[1:]])
        caller = await Verifier(provider.settings).verify(token)
        assert caller.name is None
        assert caller.problem


async def test_a_token_signed_with_the_sandboxs_secret_is_rejected_in_production(provider: Provider):
    assert (await Verifier(provider.settings).verify(signed())).name is None
    assert (await Verifier(provider.settings).verify(unsigned())).name is None


async def test_a_token_signed_by_another_key_of_the_same_name_is_rejected(provider: Provider):
    other = ed25519.Ed25519PrivateKey.generate()
    token = jwt.encode(claims(), other, algorithm="EdDSA", headers={"kid": "ed-1"})
    assert "signature" in ((await Verifier(provider.settings).verify(token)).problem or "")


async def test_a_token_without_a_key_id_is_rejected_with_the_reason(provider: Provider):
    token = jwt.encode(claims(), provider.keys["ed-1"], algorithm="EdDSA")
    assert "`kid`" in ((await Verifier(provider.settings).verify(token)).problem or "")


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"null", b'{"keys": []}', b'{"keys": 7}', b"{}", b"\xff"])
async def test_nonsense_from_the_provider_is_a_problem_of_the_token_and_does_not_crash(
    provider: Provider, answer: bytes
):
    provider.answer = answer
    caller = await Verifier(provider.settings).verify(provider.token("ed-1", "EdDSA"))
    assert caller.name is None
    assert caller.problem


async def test_keys_fetched_before_stay_usable_while_the_provider_does_not_answer(provider: Provider):
    verifier = Verifier(provider.settings)
    assert (await verifier.verify(provider.token("ed-1", "EdDSA"))).name == "mi-1"
    assert verifier._keys is not None
    verifier._keys.client.uri = "http://127.0.0.1:9/keys"
    forget_the_fetch(verifier)
    assert (await verifier.verify(provider.token("ed-1", "EdDSA", sub="mi-2"))).name == "mi-2"
    unseen = await verifier.verify(jwt.encode(claims(), provider.keys["ed-1"], "EdDSA", headers={"kid": "ed-2"}))
    assert "try again" in (unseen.problem or "")


def forget_the_fetch(verifier: Verifier, minutes: float = 10) -> None:
    """As if the last fetch of the provider's keys were so many minutes ago."""
    assert verifier._keys is not None
    verifier._keys._fetched_at = verifier._keys._tried_at = time.monotonic() - 60 * minutes


async def test_nobody_with_a_known_key_waits_for_a_fetch_and_all_who_wait_share_one(provider: Provider):
    verifier, old = Verifier(provider.settings), provider.token("ed-1", "EdDSA")
    assert (await verifier.verify(old)).name == "mi-1"
    assert verifier._keys is not None
    verifier._keys.client.timeout = PATIENCE
    provider.keys["ed-1"] = provider.keys["ed-2"] = ed25519.Ed25519PrivateKey.generate()
    provider.is_awake.clear()
    forget_the_fetch(verifier, minutes=5)
    waiting = [asyncio.ensure_future(verifier.verify(provider.token("ed-2", "EdDSA"))) for _ in range(20)]
    for number in range(100):
        token = provider.token("ec-1", "ES256", sub=f"mi-{number}")
        assert (await verifier.verify(token)).name == f"mi-{number}"
    assert not any(each.done() for each in waiting)
    provider.is_awake.set()
    assert {(await each).name for each in waiting} == {"mi-1"}
    assert "signature" in ((await verifier.verify(old)).problem or "")
    assert provider.requests == 2


async def test_tokens_of_a_key_that_was_rotated_are_refused_although_they_were_verified(provider: Provider):
    verifier, old, other = Verifier(provider.settings), provider.token("ed-1", "EdDSA"), provider.token("ec-1", "ES256")
    for token in (old, other):
        assert (await verifier.verify(token)).name == "mi-1"
    provider.keys["ed-1"] = ed25519.Ed25519PrivateKey.generate()
    forget_the_fetch(verifier)
    assert "signature" in ((await verifier.verify(old)).problem or "")
    assert (await verifier.verify(other)).name == "mi-1"
    assert (await verifier.verify(provider.token("ed-1", "EdDSA"))).name == "mi-1"


async def test_tokens_of_a_key_that_was_removed_are_refused_also_once_the_provider_is_away(provider: Provider):
    verifier, old, other = Verifier(provider.settings), provider.token("ed-1", "EdDSA"), provider.token("ec-1", "ES256")
    for token in (old, other):
        assert (await verifier.verify(token)).name == "mi-1"
    del provider.keys["ed-1"]
    forget_the_fetch(verifier)
    assert (await verifier.verify(other)).name == "mi-1"
    assert old not in verifier._verified._callers
    provider.answer = b"away"
    forget_the_fetch(verifier)
    assert (await verifier.verify(old)).problem
    assert (await verifier.verify(other)).name == "mi-1"


async def test_a_new_key_that_a_token_names_drops_the_tokens_of_the_old_ones(provider: Provider):
    verifier, old = Verifier(provider.settings), provider.token("ed-1", "EdDSA")
    assert (await verifier.verify(old)).name == "mi-1"
    del provider.keys["ed-1"]
    provider.keys["ed-2"] = ed25519.Ed25519PrivateKey.generate()
    assert verifier._keys is not None
    verifier._keys.cooldown = 0
    assert (await verifier.verify(provider.token("ed-2", "EdDSA"))).name == "mi-1"
    assert "not listed" in ((await verifier.verify(old)).problem or "")


async def test_the_keys_are_fetched_again_for_a_token_that_was_verified_and_it_stays_if_they_are_the_same(
    provider: Provider,
):
    verifier, token = Verifier(provider.settings), provider.token("rsa-1", "RS256")
    for fetches in (1, 2):
        for _ in range(3):
            assert (await verifier.verify(token)).name == "mi-1"
        assert provider.requests == fetches
        forget_the_fetch(verifier)


async def test_a_provider_that_is_away_is_not_asked_again_at_once():
    asked: list[object] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(reader)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    keys = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
    settings = Settings(database_url="postgresql://nobody@localhost/nothing", auth_jwks_url=keys)
    verifier, key = Verifier(settings), ed25519.Ed25519PrivateKey.generate()
    assert verifier._keys is not None
    verifier._keys.pause = 100 * PATIENCE
    for number in range(100):
        token = jwt.encode(claims(sub=f"mi-{number}"), key, algorithm="EdDSA", headers={"kid": "ed-1"})
        assert "try again" in ((await verifier.verify(token)).problem or "")
    assert len(asked) == 1
    server.close()
