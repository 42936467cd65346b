"""What the tests of the service skills share: a local fake of a service's HTTP interface that can also misbehave."""

import http.server
import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
KEY = "k3y-Abcdefgh0123456789"
# One below the skill's timeout in these tests, so that a trickling answer outlives it though no byte is late.
TIMEOUT_SECONDS = 0.4


class Fake(http.server.BaseHTTPRequestHandler):
    """Notes each request, misbehaves as told, and else asks `answer` of the test case for what the service says."""

    def handle_request(self):
        length = int(self.headers.get("Content-Length") or 0)
        path, _, query = self.path.partition("?")
        self.body = self.rfile.read(length)
        self.route = "%s %s" % (self.command, path)
        self.query = dict(urllib.parse.parse_qsl(query))
        self.server.requests.append(self)
        misbehaviour = self.server.misbehaviours.pop(0) if self.server.misbehaviours else None
        if callable(misbehaviour):
            misbehaviour(self)
        else:
            self.reply(*(misbehaviour or self.server.test.answer(self)))

    do_GET = do_POST = handle_request

    def reply(self, status, document, **headers):
        data = document if isinstance(document, bytes) else json.dumps(document).encode("utf-8")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def json(self):
        return json.loads(self.body.decode("utf-8"))

    def log_message(self, *arguments):
        pass


def status(code, document=b"{}", **headers):
    return lambda fake: fake.reply(code, document, **headers)


def hang_up(fake):
    fake.connection.shutdown(socket.SHUT_RDWR)


def stay_silent(fake):
    fake.server.closing.wait(10 * TIMEOUT_SECONDS)
    hang_up(fake)


def trickle(fake):
    """One byte at a time, each in time, but the whole never."""
    fake.send_response(200)
    fake.send_header("Content-Length", "1000")
    fake.end_headers()
    deadline = time.monotonic() + 10 * TIMEOUT_SECONDS
    try:
        while time.monotonic() < deadline:
            fake.wfile.write(b" ")
            fake.server.closing.wait(TIMEOUT_SECONDS / 4)
    except OSError:
        pass  # The client has given up, as it should.


class ServiceTestCase(unittest.TestCase):
    """A subclass names its SCRIPT, a command that works (ARGUMENTS), its ENVIRONMENT, and answers for the service."""

    SCRIPT = None
    ARGUMENTS = ()
    METHOD = "POST"
    KEY_VARIABLE = None
    ADDRESS_VARIABLE = None
    TIMEOUT_VARIABLE = None

    def answer(self, fake):
        """Status and document for a request; the subclass checks in it what it got."""
        raise NotImplementedError

    def environment(self):
        return {self.KEY_VARIABLE: KEY, self.ADDRESS_VARIABLE: self.url, self.TIMEOUT_VARIABLE: str(TIMEOUT_SECONDS)}

    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fake)
        cls.server.closing = threading.Event()
        cls.url = "http://127.0.0.1:%d" % cls.server.server_address[1]
        threading.Thread(target=cls.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.closing.set()
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.server.test = self
        self.server.requests = []
        self.server.misbehaviours = []
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_script(self, *arguments, stdin=b"", **environment):
        """As an agent runs it. None removes a variable."""
        clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        clean.update(self.environment(), **environment)
        return subprocess.run(
            [sys.executable, str(HERE / self.SCRIPT), *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=str(self.folder),
            env={name: value for name, value in clean.items() if value is not None},
            timeout=60,
        )

    def succeed(self, *arguments, **settings):
        """Returns what the program printed."""
        result = self.run_script(*arguments, **settings)
        self.assertEqual(result.returncode, 0, result.stderr.decode("utf-8"))
        return result.stdout.decode("utf-8")

    def fail_with(self, exit_code, *arguments, **settings):
        """Returns what the program printed on stderr, which never holds the key or a stack trace."""
        result = self.run_script(*arguments, **settings)
        message = result.stderr.decode("utf-8")
        self.assertEqual(result.returncode, exit_code, message)
        self.assertEqual(result.stdout, b"")
        self.assertNotIn(KEY, message)
        self.assertNotIn("Traceback", message)
        return message

    def misbehave(self, *misbehaviours):
        self.server.misbehaviours = list(misbehaviours)

    def load(self):
        specification = importlib.util.spec_from_file_location("skill", str(HERE / self.SCRIPT))
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module


class Misbehaviour:
    """Every service skill comes through these. Mixed into a ServiceTestCase."""

    def test_a_refused_key_is_3_and_is_not_shown(self):
        for code in (401, 403):
            with self.subTest(code=code):
                self.misbehave(status(code, {"error": {"message": "key %s is not valid" % KEY}}))
                self.assertIn("key *** is not valid", self.fail_with(3, *self.ARGUMENTS))

    def test_other_refusals_are_1_and_a_missing_thing_is_4(self):
        for code, exit_code in ((400, 1), (410, 1), (422, 1), (404, 4)):
            with self.subTest(code=code):
                self.misbehave(status(code, {"code": "x", "message": "because\n of this"}))
                self.assertIn("answered %d: because of this" % code, self.fail_with(exit_code, *self.ARGUMENTS))

    def test_busy_is_tried_again_as_told(self):
        started = time.monotonic()
        self.misbehave(status(429, Retry_After="1"), status(503, Retry_After="0"))
        self.succeed(*self.ARGUMENTS)
        self.assertGreaterEqual(time.monotonic() - started, 1.0)
        first, *others = self.server.requests[:3]
        for again in others:
            self.assertEqual((again.route, again.query, again.body), (first.route, first.query, first.body))

    def test_busy_is_6_after_the_retries_or_at_once_when_told_to_wait_long(self):
        self.misbehave(*[status(429, {"error": "slow down"}, Retry_After="0")] * 9)
        self.assertIn("slow down", self.fail_with(6, *self.ARGUMENTS))
        self.assertEqual(len(self.server.requests), 3)
        self.setUp()
        self.misbehave(status(429, Retry_After="86400"))
        self.assertIn("try again after: 86400", self.fail_with(6, *self.ARGUMENTS))
        self.assertEqual(len(self.server.requests), 1)

    def test_a_fault_is_6_and_is_repeated_only_where_that_does_nothing_twice(self):
        self.misbehave(*[status(500, {"error": {"message": "broken"}}, Retry_After="0")] * 9)
        self.assertIn("answered 500: broken", self.fail_with(6, *self.ARGUMENTS))
        self.assertEqual(len(self.server.requests), 3 if self.METHOD == "GET" else 1)

    def test_a_lost_connection_silence_and_a_trickle_are_6(self):
        for misbehaviour in (hang_up, stay_silent, trickle):
            with self.subTest(misbehaviour=misbehaviour.__name__):
                self.setUp()
                self.misbehave(*[misbehaviour] * 3)
                message = self.fail_with(6, *self.ARGUMENTS)
                self.assertIn("no answer", message)
                self.assertEqual("look before you send it again" in message, self.METHOD != "GET")
                self.assertEqual(len(self.server.requests), 3 if self.METHOD == "GET" else 1)

    def test_an_address_where_nobody_listens_is_6(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = "http://127.0.0.1:%d" % unused.getsockname()[1]
        message = self.fail_with(6, *self.ARGUMENTS, **{self.ADDRESS_VARIABLE: address})
        self.assertIn(address, message)
        self.assertNotIn("look before", message)

    def test_an_answer_that_is_not_json_or_has_another_form_is_6(self):
        for body, said in ((b"<html>hello</html>", "JSON"), (b"\xff\xfe", "JSON"), (b"[1]", "form"), (b"3", "form")):
            with self.subTest(body=body):
                self.misbehave(status(200, body))
                self.assertIn(said, self.fail_with(6, *self.ARGUMENTS))

    def test_a_redirect_is_not_followed_with_the_key(self):
        self.misbehave(status(302, Location="http://127.0.0.1:9/elsewhere"))
        self.assertIn("/elsewhere", self.fail_with(6, *self.ARGUMENTS))
        self.assertEqual(len(self.server.requests), 1)

    def test_settings_that_cannot_be_right_send_nothing(self):
        for name, value, exit_code, said in (
            (self.ADDRESS_VARIABLE, "ftp://x", 2, "https://"),
            (self.ADDRESS_VARIABLE, "https://user:pw@example.org", 2, "https://"),
            (self.ADDRESS_VARIABLE, "http://example.org", 2, "in clear"),
            (self.TIMEOUT_VARIABLE, "soon", 2, "seconds"),
            (self.TIMEOUT_VARIABLE, "-1", 2, "seconds"),
        ):
            with self.subTest(name=name, value=value):
                message = self.fail_with(exit_code, *self.ARGUMENTS, **{name: value})
                self.assertIn(name, message)
                self.assertIn(said, message)
        self.assertEqual(self.server.requests, [])


class NeedsKey:
    """For the skills that do nothing without a key. Mixed into a ServiceTestCase."""

    def test_a_missing_key_is_3_names_the_variable_and_sends_nothing(self):
        for value in (None, "", "  "):
            with self.subTest(value=value):
                message = self.fail_with(3, *self.ARGUMENTS, **{self.KEY_VARIABLE: value})
                self.assertIn(self.KEY_VARIABLE, message)
                self.assertIn("CONFIG.md", message)
        self.assertEqual(self.server.requests, [])
