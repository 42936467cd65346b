# Recipes for maintainers; `just` alone lists them.

export TEST_DATABASE_URL := env("TEST_DATABASE_URL", "")

# All of the code: SQLite is always there.
everything := "--workspace --features openmoss/postgres,openmoss-testkit/postgres"

# The program that checks run: OPENMOSS_PROGRAM names a built one, else the release program is built.
export OPENMOSS_PROGRAM := env("OPENMOSS_PROGRAM", justfile_directory() / "target/release/openmoss")

_list:
    @just --list --unsorted

_program:
    {{ if env("OPENMOSS_PROGRAM", "") == "" { "cargo build --release --features postgres" } else { "" } }}

# Start the server on port 6565.
run *ARGS:
    cargo run --release -- {{ARGS}}

# A scripted team takes docs/ to a delivered index.md.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# Server and Vite's dev server beside each other: http://localhost:5173.
dev:
    cargo build
    (cd webui && npm install && npm run dev) & cargo run; kill %1

# Everything on SQLite.
test:
    cargo nextest run --workspace

# Everything on SQLite and PostgreSQL; starts a scratch cluster under target/.
test-pg:
    TEST_DATABASE_URL="${TEST_DATABASE_URL:-$(tools/test-postgres start)}" cargo nextest run {{ everything }}

# The client that agents carry.
test-client:
    cd skills && ls test_*.py | xargs -n 1 -P 4 python3 -m unittest

# Unit tests, types and lint of the dashboard.
test-ui:
    cd webui && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; }
    cd webui && npm run lint && npm test

# The dashboard and Swagger UI in a real browser.
test-browser: _program
    cd webui && npm run browser

# Lighthouse on the main pages of the release program; the best of so many runs counts, so let nothing else run beside it.
lighthouse RUNS="3":
    npm ci --prefix tools/lighthouse
    node tools/lighthouse/measure.js {{RUNS}}

# Format, and Clippy without and with PostgreSQL: three places are compiled only without.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy {{ everything }} --all-targets -- -D warnings

# Format everything.
fmt:
    cargo fmt --all

# Rewrite generated files: transition matrix, state-machine page, OpenAPI document and its types.
bless:
    BLESS=1 cargo test -p openmoss-domain -p openmoss-http
    cd webui && npm run api

# Rewrite the OpenAPI document and the dashboard's types.
openapi:
    BLESS=1 cargo test -p openmoss-http --test openapi
    cd webui && npm run api

# Build the dashboard alone.
ui:
    cd webui && npm ci && npm run build

# Documentation of all crates.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc {{ everything }} --no-deps

# Measure; prints the table of docs/benchmarks.md.
bench *ARGS:
    cargo build --release --bin openmoss
    cargo run --release -p openmoss-bench -- {{ARGS}}

# The demo end to end on both databases, also with executors that die.
demo-check: _program
    #!/usr/bin/env bash
    set -euo pipefail
    "$OPENMOSS_PROGRAM" demo --exit
    url="${TEST_DATABASE_URL:-$(tools/test-postgres start)}"
    psql --quiet "$url" -c 'DROP SCHEMA IF EXISTS demo CASCADE' -c 'CREATE SCHEMA demo'
    "$OPENMOSS_PROGRAM" demo --exit --database "$url?options=-csearch_path%3Ddemo"
    "$OPENMOSS_PROGRAM" demo --chaos --exit
    psql --quiet "$url" -c 'DROP SCHEMA demo CASCADE' -c 'CREATE SCHEMA demo'
    "$OPENMOSS_PROGRAM" demo --chaos --exit --database "$url?options=-csearch_path%3Ddemo"

# Half of the executors die, so many times in a row on each database.
chaos RUNS="20": _program
    #!/usr/bin/env bash
    set -euo pipefail
    url="${TEST_DATABASE_URL:-$(tools/test-postgres start)}"
    for run in $(seq {{RUNS}}); do
        echo "run $run"
        "$OPENMOSS_PROGRAM" demo --chaos --exit
        psql --quiet "$url" -c 'DROP SCHEMA IF EXISTS chaos CASCADE' -c 'CREATE SCHEMA chaos'
        "$OPENMOSS_PROGRAM" demo --chaos --exit --database "$url?options=-csearch_path%3Dchaos"
    done

# The whole contract with existing clients, played on both databases.
contract *ARGS: _program
    #!/usr/bin/env bash
    set -euo pipefail
    python3 tools/play-contract --openmoss "$OPENMOSS_PROGRAM" {{ARGS}}
    url="${TEST_DATABASE_URL:-$(tools/test-postgres start)}"
    psql --quiet "$url" -c 'DROP SCHEMA IF EXISTS contract CASCADE' -c 'CREATE SCHEMA contract'
    python3 tools/play-contract --openmoss "$OPENMOSS_PROGRAM" --database "$url?options=-csearch_path%3Dcontract" {{ARGS}}

# Agents through /mcp with the protocol's own client, and its conformance suite, on both databases.
mcp: _program
    #!/usr/bin/env bash
    set -euo pipefail
    npm ci --prefix tools/play-mcp
    node tools/play-mcp/play.js "$OPENMOSS_PROGRAM"
    url="${TEST_DATABASE_URL:-$(tools/test-postgres start)}"
    psql --quiet "$url" -c 'DROP SCHEMA IF EXISTS mcp CASCADE' -c 'CREATE SCHEMA mcp'
    node tools/play-mcp/play.js "$OPENMOSS_PROGRAM" "$url?options=-csearch_path%3Dmcp"

# Schemathesis as everybody, for a few minutes, on PostgreSQL if TEST_DATABASE_URL is set.
schemathesis *ARGS:
    crates/http/tests/schemathesis/run --phases coverage,fuzzing --max-examples 5 {{ARGS}}

# The same for so many minutes, all together.
schemathesis-long MINUTES="10" *ARGS:
    crates/http/tests/schemathesis/run --max-time $(( {{MINUTES}} * 60 / 5 )) {{ARGS}}

# What the README's test command cannot: all that needs PostgreSQL.
test-pg-only:
    TEST_DATABASE_URL="${TEST_DATABASE_URL:-$(tools/test-postgres start)}" cargo nextest run {{ everything }} -E 'test(/postgres/) + package(openmoss-http) + binary(program)'

# A simulated week of twenty agents.
week *ARGS: _program
    tools/simulate-week --openmoss "$OPENMOSS_PROGRAM" {{ARGS}}

# What CI runs after the README's test command; on the program that the tests on PostgreSQL built.
ci:
    just lint docs test-pg-only test-client test-ui schemathesis
    OPENMOSS_PROGRAM={{ justfile_directory() }}/target/debug/openmoss BROWSER_SHORT=1 \
        just demo-check mcp test-browser contract

# Forget builds and scratch databases.
clean:
    -tools/test-postgres stop
    cargo clean
    rm -rf webui/node_modules webui/dist tools/play-mcp/node_modules tools/lighthouse/node_modules
