# Recipes for maintainers; `just` alone lists them.

export TEST_DATABASE_URL := env("TEST_DATABASE_URL", "")

_list:
    @just --list --unsorted

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
    TEST_DATABASE_URL="${TEST_DATABASE_URL:-$(tools/test-postgres start)}" cargo nextest run --workspace --features openmoss/postgres,openmoss-testkit/postgres

# The client that agents carry.
test-client:
    python3 -m unittest discover -s skills

# Unit tests, types and lint of the dashboard.
test-ui:
    cd webui && npm ci --no-audit --no-fund && npm run lint && npm test

# The dashboard and Swagger UI in a real browser, against the release program.
test-browser:
    cd webui && npm run browser

# Clippy without and with PostgreSQL, format, documentation.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy --workspace --all-targets --features openmoss/postgres,openmoss-testkit/postgres -- -D warnings

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
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Measure; prints the table of docs/benchmarks.md.
bench *ARGS:
    cargo build --release --bin openmoss
    cargo run --release -p openmoss-bench -- {{ARGS}}

# The demo end to end on both databases, and the browser on the same program.
demo-check:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --release --features postgres
    target/release/openmoss demo --exit
    url="${TEST_DATABASE_URL:-$(tools/test-postgres start)}"
    psql --quiet "$url" -c 'DROP SCHEMA IF EXISTS demo CASCADE' -c 'CREATE SCHEMA demo'
    target/release/openmoss demo --exit --database "$url?options=-csearch_path%3Ddemo"
    target/release/openmoss demo --chaos --exit
    psql --quiet "$url" -c 'DROP SCHEMA demo CASCADE' -c 'CREATE SCHEMA demo'
    target/release/openmoss demo --chaos --exit --database "$url?options=-csearch_path%3Ddemo"

# Half of the executors die, so many times in a row on each database.
chaos RUNS="20":
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --release --features postgres
    url="${TEST_DATABASE_URL:-$(tools/test-postgres start)}"
    for run in $(seq {{RUNS}}); do
        echo "run $run"
        target/release/openmoss demo --chaos --exit
        psql --quiet "$url" -c 'DROP SCHEMA IF EXISTS chaos CASCADE' -c 'CREATE SCHEMA chaos'
        target/release/openmoss demo --chaos --exit --database "$url?options=-csearch_path%3Dchaos"
    done

# The whole contract with existing clients, played against the release program on both databases.
contract *ARGS:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --release --features postgres
    python3 tools/play-contract --openmoss target/release/openmoss {{ARGS}}
    url="${TEST_DATABASE_URL:-$(tools/test-postgres start)}"
    psql --quiet "$url" -c 'DROP SCHEMA IF EXISTS contract CASCADE' -c 'CREATE SCHEMA contract'
    python3 tools/play-contract --openmoss target/release/openmoss --database "$url?options=-csearch_path%3Dcontract" {{ARGS}}

# Agents through /mcp with the protocol's own client, and its conformance suite, on both databases.
mcp:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --release --features postgres
    npm ci --prefix tools/play-mcp
    node tools/play-mcp/play.js target/release/openmoss
    url="${TEST_DATABASE_URL:-$(tools/test-postgres start)}"
    psql --quiet "$url" -c 'DROP SCHEMA IF EXISTS mcp CASCADE' -c 'CREATE SCHEMA mcp'
    node tools/play-mcp/play.js target/release/openmoss "$url?options=-csearch_path%3Dmcp"

# Schemathesis as everybody, for a few minutes, on PostgreSQL if TEST_DATABASE_URL is set.
schemathesis *ARGS:
    crates/http/tests/schemathesis/run --phases coverage,fuzzing --max-examples 5 {{ARGS}}

# The same for so many minutes, all together.
schemathesis-long MINUTES="10" *ARGS:
    crates/http/tests/schemathesis/run --max-time $(( {{MINUTES}} * 60 / 5 )) {{ARGS}}

# What the README's test command cannot: all that needs PostgreSQL.
test-pg-only:
    TEST_DATABASE_URL="${TEST_DATABASE_URL:-$(tools/test-postgres start)}" cargo nextest run --workspace --features openmoss/postgres,openmoss-testkit/postgres -E 'test(/postgres/) + package(openmoss-http) + binary(program)'

# A simulated week of twenty agents, on the release program.
week *ARGS:
    cargo build --release --features postgres
    tools/simulate-week --openmoss target/release/openmoss {{ARGS}}

# What CI runs after the README's test command.
ci:
    just lint docs test-pg-only test-client test-ui
    just schemathesis
    BROWSER_SHORT=1 just demo-check test-browser mcp
    just contract

# Forget builds and scratch databases.
clean:
    -tools/test-postgres stop
    cargo clean
    rm -rf webui/node_modules webui/dist tools/play-mcp/node_modules
