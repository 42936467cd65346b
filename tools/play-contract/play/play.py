"""The play: its cast, its checks, its failures."""

import traceback

from play.client import Broken, Caller, Wire
from play.contract import Shapes
from play.ledger import Ledger


class Play:
    """Everything that the parts share."""

    def __init__(self, url, password, token, started):
        self.url, self.password, self.token, self.started = url, password, token, started
        self.wire, self.ledger, self.shapes = Wire(url), Ledger(), Shapes()
        self.nobody = Caller(self, name="nobody")
        self.failures, self.scene, self.world, self.admin = [], "", None, None

    def fail(self, message):
        """Notes a failure and goes on."""
        self.failures.append(f"{self.scene}: {message}")

    def check(self, holds, message):
        if not holds:
            self.fail(message)

    def equal(self, what, found, expected):
        if found != expected:
            self.fail(f"{what}: {found!r:.400}, not {expected!r:.400}")

    def differs(self, name):
        """What is checked next holds because ours differs from the contract."""
        self.ledger.rely_on(name)

    def log_in(self):
        """A fresh session."""
        answer = self.nobody.ok("POST /api/admin/login", body={"password": self.password})
        return Caller(self, {"X-Admin-Token": answer["token"]}, name="admin")

    def agent(self, answer):
        """The caller that a registration made."""
        headers = {"Authorization": "Bearer " + answer["api_key"]}
        facts = {key: answer[key] for key in ("id", "name", "role")}
        return Caller(self, headers, key=answer["api_key"], **facts)

    def act(self, scene, case):
        """Plays one case; whatever happens is noted, and the next one follows."""
        self.scene = scene
        try:
            case(self)
        except Broken as broken:
            self.fail(str(broken))
        except Exception as fault:  # pylint: disable=broad-except
            place = traceback.extract_tb(fault.__traceback__)[-1]
            self.fail(f"{type(fault).__name__}: {fault} ({place.filename}:{place.lineno})")
