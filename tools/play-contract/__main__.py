"""Plays the whole contract with existing clients against a running server.

    python3 tools/play-contract --url URL --admin-password P --registration-token T
    python3 tools/play-contract --openmoss target/debug/openmoss [--database postgres://…]

With --openmoss the program is started on a fresh database in a temporary folder, and stopped. What
is played, and what must be, is in operations.txt, differences.txt and the contract's facts
(crates/http/tests/contract/upstream.json): an operation, a query parameter or a refusal that no
case plays fails the play.
"""

import sys

from play.run import main

sys.exit(main(__doc__))
