"""GraphiQL for browsers: `make explorer` builds it from npm packages, and this server serves all its files."""

from collections.abc import Iterator
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.compression import accepts_gzip
from api.webhooks import problem
from loyalty.settings import Settings
from loyalty.tokens import issue

BUILT = Path(__file__).parent / "static" / "explorer"
_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""All files come from this server. Only styles may be inline, because Monaco writes its colours into style elements."""
_HEADERS = {"content-security-policy": _POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
_KEPT = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
_NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Mi Points GraphiQL</title></head>
<body>
<h1>GraphiQL was not built here</h1>
<p>Run <code>make explorer</code> (it needs npm and its registry once), then load this page again.</p>
<p>The API answers at this address all the same: send a POST with a JSON body; the schema is in schema.graphql.</p>
</body>
</html>
"""
LUCIA, OLIVER = "demo-es-lucia", "demo-gb-oliver"


def page(folder: Path = BUILT) -> HTMLResponse:
    """The page that a browser gets at /graphql; if GraphiQL was not built, a page that says how to build it."""
    built = folder / "index.html"
    text = built.read_text("utf-8") if built.exists() else _NOT_BUILT
    return HTMLResponse(text, headers=_HEADERS)


class Files(StaticFiles):
    """The files of the page. Their names change with their content, so browsers may cache them for ever.

    The build leaves a compressed file, `index-1.js.gz`, beside each one for which that is worth it.
    """

    def __init__(self, folder: Path = BUILT) -> None:
        super().__init__(directory=folder, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with the content security policy of the page, which also covers its workers."""
        packed = await self._packed(path, scope) if accepts_gzip(scope) else None
        response = packed or await super().get_response(path, scope)
        response.headers.update(_HEADERS | _KEPT)
        return response

    async def _packed(self, path: str, scope: Scope) -> Response | None:
        """The compressed file with the media type of the file itself; None if there is none."""
        try:
            response = await super().get_response(path + ".gz", scope)
        except HTTPException:
            return None
        media = guess_type(path)[0] or "application/octet-stream"
        response.headers.update({"content-encoding": "gzip", "content-type": f"{media}; charset=utf-8"})
        return response


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """`GET /explorer/people`: the demo callers of the sandbox, with their tokens; 404 in production."""

    settings: Settings

    async def __call__(self, request: Request) -> Response:
        """The demo callers. A page of another site cannot read the answer, because it has no CORS headers."""
        if not self.settings.sandbox or self.settings.auth_secret is None:
            return problem(404, "NOT_FOUND", "Tokens are given in the sandbox only.")
        return JSONResponse({"people": list(self._people())}, headers={"cache-control": "no-store"})

    def _people(self) -> Iterator[dict[str, Any]]:
        yield {"name": "Lucía, a member in Spain", "token": issue(self.settings, member=LUCIA, market="ES")}
        yield {"name": "Oliver, a member in Great Britain", "token": issue(self.settings, member=OLIVER, market="GB")}
        for scope in ("storefront", "operator", "auditor"):
            name = f"the {scope}" if scope == "storefront" else f"an {scope}"
            yield {"name": name, "token": issue(self.settings, scope=scope, name=scope)}
