"""docs/errors.md lists every code that the program can answer, and no other."""

import ast
from pathlib import Path

import pytest

from api import problems
from api.errors import INTERNAL, UNAVAILABLE
from api.schema import refusals
from api.streams import messages
from loyalty.messages.catalogue import CATALOGUES, DEFAULT
from loyalty.programme.rules.kinds import Code
from mipoints.errors_document import documented_codes, errors_document

ROOT = Path(__file__).parent.parent.parent
DOCUMENTED = documented_codes()


def test_the_document_is_current():
    assert (ROOT / "docs" / "errors.md").read_text("utf-8") == errors_document(), "Run `make errors`, and commit it."


def test_every_fault_is_in_it():
    kinds = [each for each in vars(problems).values() if isinstance(each, type) and issubclass(each, problems.Problem)]
    assert set(DOCUMENTED["faults"]) == {kind.code for kind in kinds} | {UNAVAILABLE, INTERNAL}


def test_every_refusal_is_in_it_under_its_type():
    assert set(DOCUMENTED["refusals"]) == {type_.__name__ for type_ in refusals.REFUSALS}
    codes = [code for each in DOCUMENTED["refusals"].values() for code in each]
    assert sorted(codes) == sorted(CATALOGUES[DEFAULT].texts["refusals"])


@pytest.mark.parametrize("path", sorted((ROOT / "loyalty").rglob("*.py")), ids=lambda path: path.stem)
def test_every_refusal_that_the_program_raises_is_in_it(path: Path):
    by_type = DOCUMENTED["refusals"]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in by_type:
            named = [each.value for each in node.keywords if each.arg == "code"]
            first = node.args[:1] if node.func.id not in {"InvalidInput", "NotAllowed"} else []
            for value in (*named, *first):
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    assert value.value in by_type[node.func.id], (path, node.lineno)


def test_every_verdict_is_in_it():
    assert list(DOCUMENTED["verdicts"]) == [code.value for code in Code]


def test_every_code_outside_graphql_is_in_it():
    codes_used = {problems.Unauthenticated.code, problems.Forbidden.code, "NOT_FOUND", "METHOD_NOT_ALLOWED", "REFUSED"}
    for path in (ROOT / "api").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "problem":
                code = node.args[1]
                codes_used |= {code.value} if isinstance(code, ast.Constant) else set()
    assert set(DOCUMENTED["webhooks"]) == codes_used


def test_every_close_code_is_in_it():
    codes = {name for name, value in vars(messages).items() if name.isupper() and isinstance(value, int)}
    assert set(DOCUMENTED["sockets"]) == {name for name in codes if not name.startswith("_")}
