"""GraphiQL for browsers: all its files come from this server, and demo callers' tokens exist in the sandbox only."""

import gzip
import json
from pathlib import Path

import httpx
import pytest
from starlette.exceptions import HTTPException

from api.documents import Documents
from api.graphiql import LUCIA, OLIVER, Files, page
from api.schema import schema
from mipoints.demo import DEMO_MEMBERS
from tests.api.away import code_of, opened_http

ROOT = Path(__file__).parent.parent.parent
OPERATIONS = sorted((ROOT / "explorer" / "src" / "operations").glob("*.graphql"))


def test_the_explorers_packages_are_pinned_and_name_no_registry():
    lock = json.loads((ROOT / "explorer" / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all("resolved" not in package and package["integrity"] for package in packages.values())
    assert packages["node_modules/graphiql"]["version"].startswith("5.")
    assert packages["node_modules/react"]["version"].startswith("19.")


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_the_example_operations_are_valid_and_name_their_caller(path: Path):
    text = path.read_text("utf-8")
    assert Documents(schema._schema).prepare(text).errors == ()
    assert text.startswith("# As ")


async def test_browsers_get_graphiql_whose_policy_allows_this_server_only(http: httpx.AsyncClient):
    answer = await http.get("/graphql", headers={"accept": "text/html,*/*"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "Mi Points GraphiQL" in answer.text
    assert "default-src 'none'; script-src 'self';" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert "https://" not in answer.text


async def test_without_a_build_the_page_says_how_to_build_graphiql(tmp_path: Path):
    answer = page(tmp_path)
    assert "make explorer" in bytes(answer.body).decode()
    assert "content-security-policy" in answer.headers


async def test_browsers_may_cache_the_explorers_files_and_no_others_are_served(tmp_path: Path):
    (tmp_path / "explorer").mkdir()
    (tmp_path / "explorer" / "index-1.js").write_text("export {}")
    (tmp_path / "secret").write_text("x")
    transport = httpx.ASGITransport(Files(tmp_path / "explorer"))
    async with httpx.AsyncClient(transport=transport, base_url="http://mi.test") as client:
        file = await client.get("/index-1.js")
        assert (file.status_code, file.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert "immutable" in file.headers["cache-control"]
        with pytest.raises(HTTPException) as refused:
            await client.get("/..%2fsecret")
        assert refused.value.status_code == 404


@pytest.mark.parametrize(
    ("path", "accepted", "is_packed"),
    [
        ("/index-1.js", "gzip, br", True),
        ("/index-1.js", "br, gzip;q=0.5", True),
        ("/index-1.js", "gzip;q=0, br", False),
        ("/index-1.js", "identity", False),
        ("/small-1.css", "gzip", False),
    ],
)
async def test_the_explorers_files_are_sent_as_they_were_compressed_by_the_build(
    tmp_path: Path, path: str, accepted: str, is_packed: bool
):
    (tmp_path / "index-1.js").write_text("export {}")
    (tmp_path / "index-1.js.gz").write_bytes(gzip.compress(b"export {}"))
    (tmp_path / "small-1.css").write_text("export {}")
    transport = httpx.ASGITransport(Files(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://mi.test") as client:
        file = await client.get(path, headers={"accept-encoding": accepted})
    assert (file.status_code, file.text) == (200, "export {}")
    assert file.headers.get("content-encoding") == ("gzip" if is_packed else None)
    assert file.headers["content-type"].startswith("text/javascript" if path.endswith("js") else "text/css")
    assert (file.headers["vary"], "immutable" in file.headers["cache-control"]) == ("accept-encoding", True)


async def test_demo_people_have_tokens_in_the_sandbox_and_nowhere_else(http: httpx.AsyncClient):
    people = (await http.get("/explorer/people")).json()["people"]
    for person in people:
        headers = {"authorization": f"Bearer {person['token']}"}
        asked = await http.post("/graphql", json={"query": '{ order(number: "1") { id } }'}, headers=headers)
        assert code_of(asked) == "UNAVAILABLE", "it is known who asks"
    assert {LUCIA, OLIVER} <= set(DEMO_MEMBERS.values())
    async with opened_http(sandbox=False) as production:
        answer = await production.get("/explorer/people")
        assert answer.status_code == 404
        assert "token" not in answer.text
