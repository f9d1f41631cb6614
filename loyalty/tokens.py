"""Bearer tokens: verifies a JWT and gives its caller (design §7)."""

import base64
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidSubjectError

from loyalty.callers import Caller
from loyalty.settings import Settings
from loyalty.token_keys import BY_KEY_TYPE, KeyClient, KeySet, TokenProblem
from loyalty.verified_tokens import VerifiedTokens

SCOPES = ("storefront", "operator", "auditor")
LONGEST_NAME = 200
UNAUTHENTICATED = Caller()

_SHARED_SECRET = "HS256"
_BY_KEY_SET = frozenset(algorithm for algorithms in BY_KEY_TYPE.values() for algorithm in algorithms)
_LONGEST_TOKEN = 8192
_LEEWAY_SECONDS = 5
"""How far the issuer's clock may be ahead of ours: for `nbf` and `iat`, never for `exp`."""
_REQUIRED = ["exp", "sub", "iss", "aud"]

_SENTENCES: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "This token has expired: get a new one."),
    (jwt.InvalidIssuerError, "This token is from another issuer."),
    (jwt.InvalidAudienceError, "This token is for another audience."),
    (jwt.ImmatureSignatureError, "This token is not valid yet."),
    (InvalidSubjectError, "This token's `sub` is not a text."),
    (jwt.InvalidAlgorithmError, "This token is signed with an algorithm that is not accepted."),
    (jwt.InvalidSignatureError, "This token's signature is wrong."),
    (jwt.InvalidKeyError, "This token's signature is wrong."),
    (jwt.DecodeError, "This is not a token: a bearer token is a JWT of three parts."),
)


class Verifier:
    """Verifies tokens signed with the sandbox's secret (HS256), or with a key of the provider's key set.

    The algorithm alone decides which kind of key is used, so a public key is never used as a secret. The algorithm
    `none` is not accepted. A verified token is not verified again until it expires, or the provider's keys change;
    every five minutes they are fetched again. A rejected token is verified each time.
    """

    def __init__(self, settings: Settings) -> None:
        self._secret = _prepared(settings.auth_secret) if settings.auth_secret is not None else None
        self._issuer = settings.auth_issuer
        self._audience = settings.auth_audience
        self._verified = VerifiedTokens()
        self._keys: KeySet | None = None
        if settings.auth_jwks_url is not None:
            self._keys = KeySet(KeyClient(settings.auth_jwks_url, cache_jwk_set=False, timeout=2), self._verified.clear)

    async def verify(self, token: str | None) -> Caller:
        """The caller; unauthenticated without a token, and with a `problem` if the token is rejected."""
        if token is None:
            return UNAUTHENTICATED
        if (kept := self._verified.get(token)) and not self._are_keys_due():
            return kept
        try:
            claims = await self._claims(token)
            caller = _caller(claims)
        except TokenProblem as problem:
            return Caller(problem=str(problem))
        self._verified.put(token, int(claims.get("nbf", 0)) - _LEEWAY_SECONDS, int(claims["exp"]), caller)
        return caller

    def _are_keys_due(self) -> bool:
        return self._keys is not None and self._keys.is_due

    async def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            key, algorithms = await self._key(token)
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=algorithms,
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": _REQUIRED},
            )
            _check_end(claims)
        except jwt.MissingRequiredClaimError as error:
            raise TokenProblem(f"This token lacks the claim `{error.claim}`.") from None
        except jwt.PyJWTError as error:
            raise TokenProblem(_sentence(error)) from None
        except (TypeError, ValueError, OverflowError, RecursionError):
            raise TokenProblem("This is not a token: its contents cannot be read.") from None
        return claims

    async def _key(self, token: str) -> tuple[Any, list[str]]:
        """The key and the algorithms it may be used with, chosen by the token's header."""
        if len(token) > _LONGEST_TOKEN:
            raise TokenProblem(f"This token is longer than {_LONGEST_TOKEN} characters.")
        if self._secret is not None and self._keys is None:
            return self._secret, [_SHARED_SECRET]
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm == _SHARED_SECRET and self._secret is not None:
            return self._secret, [_SHARED_SECRET]
        if algorithm in _BY_KEY_SET and self._keys is not None:
            if not isinstance(key_id, str):
                raise TokenProblem("This token does not say which key it is signed with (`kid`).")
            public = await self._keys.key(key_id)
            return public.key, BY_KEY_TYPE[str(public.key_type)]
        raise jwt.InvalidAlgorithmError


class _Examined(HMACAlgorithm):
    """HS256 with a secret that was examined when its key was made. PyJWT examines it again for each token, which takes
    more than half of the time that a token takes."""

    def prepare_key(self, key: str | bytes) -> bytes:
        """The key as it is."""
        assert isinstance(key, bytes)
        return key


def _prepared(secret: str) -> jwt.PyJWK:
    """The secret as a key that is ready for use. One that is a public key or a certificate is not: PyJWT rejects each
    token that is signed with it."""
    octets = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    key = jwt.PyJWK.from_dict({"kty": "oct", "k": octets, "alg": _SHARED_SECRET})
    with suppress(jwt.InvalidKeyError):
        key.Algorithm.prepare_key(key.key)
        key.Algorithm = _Examined(HMACAlgorithm.SHA256)
    return key


def _sentence(error: jwt.PyJWTError) -> str:
    return next((sentence for kind, sentence in _SENTENCES if isinstance(error, kind)), "This token is not valid.")


def _check_end(claims: Mapping[str, Any]) -> None:
    """PyJWT has one leeway for all times, so the end is checked again without it. Raises ExpiredSignatureError."""
    if int(claims["exp"]) <= time.time():
        raise jwt.ExpiredSignatureError


def _caller(claims: Mapping[str, Any]) -> Caller:
    """The caller of a token. A token with one of our scopes is a service's, any other a member's: identity providers
    put scopes of their own, such as `openid profile`, into people's tokens."""
    name, scope, expires_at = claims["sub"], claims.get("scope"), float(claims["exp"])
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not _is_plain(name):
        raise TokenProblem(f"This token's `sub` is not a text of 1 to {LONGEST_NAME} characters.")
    if scope is not None and not isinstance(scope, str):
        raise TokenProblem("This token's `scope` is not a text of scopes with spaces between them.")
    scopes = frozenset((scope or "").split()) & frozenset(SCOPES)
    return Caller(name, scopes, is_service=bool(scopes), expires_at=expires_at)


def _is_plain(text: str) -> bool:
    """Whether Postgres can store it: no NUL and no half of a surrogate pair."""
    with suppress(UnicodeEncodeError):
        return b"\0" not in text.encode()
    return False


def issue(
    settings: Settings,
    *,
    member: str | None = None,
    scope: str | None = None,
    name: str | None = None,
    seconds: int = 24 * 3600,
    market: str | None = None,
) -> str:
    """A sandbox token for a member by Mi account id, or for a service with a scope; valid for `seconds`.

    Raises TokenProblem when there is no secret to sign with, or not exactly one of member and scope.
    """
    if settings.auth_secret is None:
        raise TokenProblem("Set MIPOINTS_SANDBOX=on and MIPOINTS_AUTH_SECRET: only a sandbox issues tokens.")
    if bool(member) == bool(scope):
        raise TokenProblem("Name a member or a scope, and not both.")
    now = int(time.time())
    claims: dict[str, Any] = {
        "sub": member or name or scope,
        "iss": settings.auth_issuer,
        "aud": settings.auth_audience,
        "iat": now,
        "exp": now + seconds,
    }
    if scope:
        claims["scope"] = scope
    if market is not None:
        claims["market"] = market
    return jwt.encode(claims, settings.auth_secret, algorithm=_SHARED_SECRET)


def check_scope(scope: str) -> None:
    """Raises TokenProblem if a scope has an unknown word, so that a typing mistake is found at once."""
    if not scope.split() or not set(scope.split()) <= set(SCOPES):
        raise TokenProblem(f"A scope is one or more of {', '.join(SCOPES)}, with spaces between them.")
