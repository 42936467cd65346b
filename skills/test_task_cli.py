"""Tests of task-cli.py: the program runs as an agent runs it, against a small server that records requests.

Run: python3 -m unittest discover -s skills
"""

import http.server
import importlib.util
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = HERE / "task-cli.py"
ROLES = ("planner", "executor", "reviewer", "patrol")
PLACEHOLDER = "<注册后填入>"
KEY = "ak_0123456789abcdef"


class Recorder(http.server.BaseHTTPRequestHandler):
    """Notes each request and answers with the next scripted answer, else with an empty object."""

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length).decode("utf-8")
        self.server.requests.append(
            {
                "method": self.command,
                "path": self.path,
                "headers": self.headers,
                "body": json.loads(text) if text else None,
            }
        )
        status, headers, body = self.server.answers.pop(0) if self.server.answers else (200, {}, "{}")
        if status is None:  # Hang up without an answer.
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        data = body.encode("utf-8")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *arguments):
        pass


class CliTestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
        cls.url = "http://127.0.0.1:%d" % cls.server.server_address[1]
        threading.Thread(target=cls.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.server.requests = []
        self.server.answers = []

    def script_answer(self, body="{}", status=200, **headers):
        text = body if isinstance(body, str) else json.dumps(body)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.server.answers.append((status, fields, text))

    def run_cli(self, *arguments, script=SCRIPT, stdin="", **environment):
        """Key and address come from the environment unless a test says otherwise; None removes a variable."""
        clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        clean.update({"OPENMOSS_KEY": KEY, "OPENMOSS_URL": self.url}, **environment)
        return subprocess.run(
            [sys.executable, str(script), *arguments],
            input=stdin.encode("utf-8"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in clean.items() if value is not None},
            timeout=60,
        )

    def succeed(self, *arguments, **settings):
        """Returns what the program printed."""
        result = self.run_cli(*arguments, **settings)
        self.assertEqual(result.returncode, 0, result.stderr.decode("utf-8"))
        return result.stdout.decode("utf-8")

    def fail_with(self, exit_code, *arguments, **settings):
        """Returns what the program printed on stderr."""
        result = self.run_cli(*arguments, **settings)
        self.assertEqual(result.returncode, exit_code, result.stderr.decode("utf-8"))
        self.assertEqual(result.stdout, b"")
        return result.stderr.decode("utf-8")

    def last_request(self):
        return self.server.requests[-1]

    def last_body(self):
        return self.last_request()["body"]


class TheFile(unittest.TestCase):
    def test_has_each_line_that_the_server_reads_or_rewrites_once(self):
        lines = SCRIPT.read_text(encoding="utf-8").splitlines()
        self.assertEqual(lines.count("CLI_VERSION = 4"), 1)
        self.assertEqual(lines.count('BASE_URL = "http://127.0.0.1:6565"'), 1)
        self.assertEqual(len([line for line in lines if line.startswith(("CLI_VERSION =", "BASE_URL ="))]), 2)


class GlobalOptions(CliTestCase):
    def test_stand_before_between_and_after_the_words_of_a_command(self):
        globals_ = ["--key", "ak_given", "--base-url", self.url, "--json"]
        for arguments in (
            [*globals_, "st", "mine", "--page", "1"],
            ["st", *globals_, "mine", "--page", "1"],
            ["st", "mine", *globals_, "--page", "1"],
            ["st", "mine", "--page", "1", *globals_],
        ):
            with self.subTest(arguments=arguments):
                self.script_answer('{"raw": 1}')
                self.assertEqual(self.succeed(*arguments, OPENMOSS_KEY=None, OPENMOSS_URL=None), '{"raw": 1}\n')
                self.assertEqual(self.last_request()["headers"]["Authorization"], "Bearer ak_given")
                self.assertEqual(self.last_request()["path"], "/api/sub-tasks/mine?page=1")

    def test_fall_back_to_the_environment(self):
        self.succeed("score", "me")
        self.assertEqual(self.last_request()["headers"]["Authorization"], "Bearer " + KEY)

    def test_beat_the_environment(self):
        options = ["--key", "ak_given", "--base-url", self.url + "/"]
        self.succeed("score", "me", *options, OPENMOSS_URL="http://127.0.0.1:1")
        self.assertEqual(self.last_request()["headers"]["Authorization"], "Bearer ak_given")
        self.assertEqual(self.last_request()["path"], "/api/scores/me")

    def test_a_proxy_is_not_asked_for_a_server_on_loopback(self):
        self.succeed("score", "me", http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1", no_proxy=None)

    def test_a_missing_or_unreplaced_key_is_not_sent(self):
        for key in (None, "", PLACEHOLDER, "<your key>", "two words"):
            with self.subTest(key=key):
                self.assertIn("key", self.fail_with(3, "st", "mine", OPENMOSS_KEY=key))
        self.assertEqual(self.server.requests, [])

    def test_an_address_without_a_scheme_is_a_usage_error(self):
        for address in ("localhost:6565", "ftp://host", "http://", "http://[x"):
            with self.subTest(address=address):
                self.assertIn("address", self.fail_with(2, "st", "mine", OPENMOSS_URL=address))

    def test_help_needs_no_key(self):
        self.assertIn("exit codes:", self.succeed(OPENMOSS_KEY=None))
        self.assertIn("claim-next", self.succeed("st", OPENMOSS_KEY=None))
        self.assertIn("--summary", self.succeed("help", "st", "submit", OPENMOSS_KEY=None))
        self.assertEqual(self.succeed("--version", OPENMOSS_KEY=None), "4\n")


class ExitCodes(CliTestCase):
    def test_follow_the_status(self):
        for status, exit_code in (
            (400, 1), (405, 1), (413, 1), (422, 1), (401, 3), (403, 3), (404, 4), (409, 5),
            (429, 6), (500, 6), (502, 6), (503, 6), (504, 6), (302, 6),
        ):  # fmt: skip
            with self.subTest(status=status):
                self.setUp()
                for _ in range(4):
                    self.script_answer({"detail": "because"}, status, Retry_After="0", Location="/login")
                message = self.fail_with(exit_code, "st", "get", "s1")
                self.assertIn("because" if status != 302 else "/login", message)

    def test_a_conflict_prints_code_detail_and_allowed_actions(self):
        problem = {"code": "sub_task.not_owner", "detail": "agent b owns it", "allowed_actions": ["claim"]}
        self.script_answer(problem, 409, Content_Type="application/problem+json")
        self.assertEqual(
            self.fail_with(5, "st", "submit", "s1"),
            "error 409 sub_task.not_owner: agent b owns it\nallowed_actions: claim\n",
        )

    def test_an_invalid_body_prints_each_field(self):
        errors = [{"field": "score", "message": "must be 1 to 5"}, {"field": "issues", "message": "needed"}]
        self.script_answer({"detail": "invalid", "errors": errors}, 422)
        self.assertEqual(
            self.fail_with(1, "review", "create", "s1", "rejected", "9"),
            "error 422: invalid\n- score: must be 1 to 5\n- issues: needed\n",
        )

    def test_an_error_that_is_not_json_is_shown_in_part(self):
        self.script_answer("<html>%s</html>" % ("x" * 5000), 404)
        self.assertLess(len(self.fail_with(4, "st", "get", "s1")), 300)

    def test_an_answer_that_is_not_json_is_not_taken_for_success(self):
        self.script_answer("<html>login</html>")
        self.assertIn("JSON", self.fail_with(6, "st", "get", "s1"))

    def test_an_answer_of_unknown_shape_is_shown_as_it_came(self):
        self.script_answer("[1]")
        self.assertEqual(self.succeed("st", "get", "s1"), "[1]\n")

    def test_usage_errors_are_2_and_send_nothing(self):
        for arguments in (
            ["nonsense"], ["st", "nonsense"], ["st", "get"], ["st", "get", ""], ["st", "latest", " "],
            ["review", "create", "s1", "maybe", "3"], ["task", "plan", "t1", "/no/such/file"],
            ["st", "submit", "s1", "--text-file", "/no/such/file"], ["st", "block", "s1", "--kind", "bored"],
        ):  # fmt: skip
            with self.subTest(arguments=arguments):
                self.fail_with(2, *arguments)
        self.assertEqual(self.server.requests, [])

    def test_a_heartbeat_that_says_cancelled_is_5(self):
        for options in ([], ["--json"]):
            with self.subTest(options=options):
                self.script_answer({"cancelled": True, "stop_reason": "the task was cancelled"})
                result = self.run_cli("st", "heartbeat", "s1", *options)
                self.assertEqual(result.returncode, 5)
                self.assertIn(b"the task was cancelled", result.stdout)

    def test_an_unreachable_server_is_6_after_the_retries(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = "http://127.0.0.1:%d" % unused.getsockname()[1]
            self.assertIn(address, self.fail_with(6, "st", "mine", OPENMOSS_URL=address))


class Retries(CliTestCase):
    def idempotency_keys(self):
        return [request["headers"]["Idempotency-Key"] for request in self.server.requests]

    def test_a_post_is_repeated_with_the_same_idempotency_key(self):
        for status in (502, 503, 429):
            self.script_answer({"detail": "busy"}, status, Retry_After="0")
        self.script_answer({"id": "s1", "status": "assigned", "name": "n"})
        self.assertEqual(self.succeed("st", "claim", "s1"), "s1 [assigned] n\n")
        keys = self.idempotency_keys()
        self.assertEqual(len(keys), 4)
        self.assertRegex(keys[0], r"^[0-9a-f-]{36}$")
        self.assertEqual(len(set(keys)), 1)

    def test_two_posts_have_two_idempotency_keys(self):
        self.succeed("st", "claim", "s1")
        self.succeed("st", "claim", "s1")
        self.assertEqual(len(set(self.idempotency_keys())), 2)

    def test_a_lost_connection_is_tried_again(self):
        self.server.answers += [(None, {}, ""), (200, {}, '{"id": "t1", "status": "planning", "name": "n"}')]
        self.assertEqual(self.succeed("task", "create", "n"), "t1 [planning] n\n")
        self.assertEqual(len(set(self.idempotency_keys())), 1)
        self.assertEqual(len(self.server.requests), 2)

    def test_a_get_is_tried_four_times_at_most(self):
        for _ in range(9):
            self.script_answer("{}", 503, Retry_After="0")
        self.fail_with(6, "st", "mine")
        self.assertEqual(len(self.server.requests), 4)

    def test_a_get_has_no_idempotency_key_and_no_body(self):
        self.succeed("st", "mine")
        self.assertEqual(self.idempotency_keys(), [None])
        self.assertIsNone(self.last_body())

    def test_a_put_and_a_refusal_are_not_repeated(self):
        self.script_answer("{}", 503, Retry_After="0")
        self.fail_with(6, "task", "status", "t1", "active")
        self.script_answer("{}", 409)
        self.fail_with(5, "st", "claim", "s1")
        self.assertEqual(len(self.server.requests), 2)


class RetryDelay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cli = load_cli()

    def delay(self, retry_after, status=429):
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return self.cli.retry_delay(self.cli.Answer(status, headers, ""), 1.0)

    def test_is_what_the_server_asks_for_within_the_limit(self):
        self.assertEqual(self.delay("3"), 3.0)
        self.assertEqual(self.delay("3600"), 10.0)
        self.assertEqual(self.delay("-1"), 0.0)
        self.assertEqual(self.delay("Wed, 21 Oct 2015 07:28:00 GMT"), 0.0)
        self.assertEqual(self.delay("Wed, 21 Oct 2999 07:28:00 GMT"), 10.0)

    def test_is_the_default_otherwise(self):
        self.assertEqual(self.delay("soon"), 1.0)
        self.assertTrue(0.7 < self.delay(None) < 1.3)
        self.assertTrue(0.7 < self.delay(None, status=0) < 1.3)


# What version 2 of the existing client accepts, and what it sends.
OLD_COMMANDS = (
    ("register --name n --role executor --token k --description d", "POST /agents/register",
     {"name": "n", "role": "executor", "description": "d"}),
    ("rules", "GET /rules?cli_version=4", None),
    ("task create n --desc d --type recurring", "POST /tasks", {"name": "n", "description": "d", "type": "recurring"}),
    ("task list --status active --page 2 --page-size 5", "GET /tasks?status=active&page=2&page_size=5", None),
    ("task get t", "GET /tasks/t", None),
    ("task edit t --name n --desc d", "PUT /tasks/t", {"name": "n", "description": "d"}),
    ("task status t active", "PUT /tasks/t/status", {"status": "active"}),
    ("task cancel t", "POST /tasks/t/cancel", {}),
    ("module create t n --desc d", "POST /tasks/t/modules", {"name": "n", "description": "d"}),
    ("module list t", "GET /tasks/t/modules", None),
    ("st create t n --desc d --deliverable x --acceptance y --priority high --type once --module-id m --assign a",
     "POST /sub-tasks",
     {"task_id": "t", "name": "n", "description": "d", "deliverable": "x", "acceptance": "y", "priority": "high",
      "type": "once", "module_id": "m", "assigned_agent": "a"}),
    ("st list --task-id t --status pending --page 1 --page-size 9",
     "GET /sub-tasks?task_id=t&status=pending&page=1&page_size=9", None),
    ("st get s", "GET /sub-tasks/s", None),
    ("st mine --page 1 --page-size 9", "GET /sub-tasks/mine?page=1&page_size=9", None),
    ("st available --page 1 --page-size 9", "GET /sub-tasks/available?page=1&page_size=9", None),
    ("st latest t", "GET /sub-tasks/latest?task_id=t", None),
    ("st claim s", "POST /sub-tasks/s/claim", {}),
    ("st start s --session x", "POST /sub-tasks/s/start", {"session_id": "x"}),
    ("st submit s", "POST /sub-tasks/s/submit", {}),
    ("st edit s --name n --desc d --deliverable x --acceptance y --priority low", "PUT /sub-tasks/s",
     {"name": "n", "description": "d", "deliverable": "x", "acceptance": "y", "priority": "low"}),
    ("st cancel s", "POST /sub-tasks/s/cancel", {}),
    ("st block s", "POST /sub-tasks/s/block", {}),
    ("st session s x", "POST /sub-tasks/s/session", {"session_id": "x"}),
    ("st reassign s a", "POST /sub-tasks/s/reassign", {"agent_id": "a"}),
    ("review create s rejected 2 --comment c --issues i", "POST /review-records",
     {"sub_task_id": "s", "result": "rejected", "score": 2, "comment": "c", "issues": "i"}),
    ("review list --sub-task-id s --page 1 --page-size 9", "GET /review-records?sub_task_id=s&page=1&page_size=9",
     None),
    ("review get r", "GET /review-records/r", None),
    ("score me", "GET /scores/me", None),
    ("score logs --page 1 --page-size 9", "GET /scores/me/logs?page=1&page_size=9", None),
    ("score agent-logs a --page 1 --page-size 9", "GET /scores/a/logs?page=1&page_size=9", None),
    ("score leaderboard", "GET /scores/leaderboard", None),
    ("score adjust a -5 because --sub-task-id s", "POST /scores/adjust",
     {"agent_id": "a", "score_delta": -5, "reason": "because", "sub_task_id": "s"}),
    ("log create coding 'some text' --sub-task-id s", "POST /logs",
     {"action": "coding", "summary": "some text", "sub_task_id": "s"}),
    ("log mine --action reflection --days 7 --limit 3", "GET /logs/mine?action=reflection&days=7&limit=3", None),
    ("log list --sub-task-id s --action blocked --days 7 --limit 3",
     "GET /logs?sub_task_id=s&action=blocked&days=7&limit=3", None),
    ("notification", "GET /config/notification", None),
    ("agents --role executor", "GET /agents?role=executor", None),
)  # fmt: skip

NEW_COMMANDS = (
    ("rules --task-id t --sub-task-id s", "GET /rules?task_id=t&sub_task_id=s&cli_version=4", None),
    ("st create t n --depends-on a --depends-on b", "POST /sub-tasks",
     {"task_id": "t", "name": "n", "depends_on": ["a", "b"]}),
    ("st edit s --depends-on a", "PUT /sub-tasks/s", {"depends_on": ["a"]}),
    ("st edit s --no-depends-on", "PUT /sub-tasks/s", {"depends_on": []}),
    ("st claim s --session x", "POST /sub-tasks/s/claim", {"session_id": "x"}),
    ("st claim-next --task-id t --session x", "POST /sub-tasks/claim-next", {"task_id": "t", "session_id": "x"}),
    ("st claim-next", "POST /sub-tasks/claim-next", {}),
    ("st heartbeat s --progress half --percent 0 --attempt 2", "POST /sub-tasks/s/heartbeat",
     {"progress": "half", "percent": 0, "attempt": 2}),
    ("st release s", "POST /sub-tasks/s/release", {}),
    ("st requeue s", "POST /sub-tasks/s/requeue", {}),
    ("st adopt s late", "POST /sub-tasks/s/adopt", {"submission_id": "late"}),
    ("st reopen s", "POST /sub-tasks/s/reopen", {}),
    ("st block s --kind dependency --detail d --waits-for w", "POST /sub-tasks/s/block",
     {"kind": "dependency", "detail": "d", "waits_for": "w"}),
    ("st submissions s", "GET /sub-tasks/s/submissions", None),
    ("st list --module-id m", "GET /sub-tasks?module_id=m", None),
    ("st mine --status rework", "GET /sub-tasks/mine?status=rework", None),
    ("next --wait 30 --session x --rules-etag e", "POST /agents/me/next",
     {"wait_seconds": 30, "session_id": "x", "rules_etag": "e"}),
    ("next --look --no-start", "POST /agents/me/next", {"claim": False, "start": False}),
    ("next", "POST /agents/me/next", {}),
    ("heartbeat s --progress half --percent 5 --attempt 2", "POST /sub-tasks/s/heartbeat",
     {"progress": "half", "percent": 5, "attempt": 2}),
    ("st note s 'mind the units'", "POST /sub-tasks/s/notes", {"text": "mind the units"}),
    ("st create t n --needs python --needs css", "POST /sub-tasks",
     {"task_id": "t", "name": "n", "required_capabilities": ["python", "css"]}),
    ("register --name n --role executor --token k --capability python", "POST /agents/register",
     {"name": "n", "role": "executor", "capabilities": ["python"]}),
    ("patrol list --status open", "GET /patrol-records?status=open", None),
    ("patrol report stuck 'no progress' --severity info --sub-task-id s --agent-id a --dedup-key k",
     "POST /patrol-records",
     {"type": "stuck", "description": "no progress", "severity": "info", "sub_task_id": "s", "agent_id": "a",
      "dedup_key": "k"}),
    ("patrol resolve p --action-taken asked", "POST /patrol-records/p/resolve", {"action_taken": "asked"}),
    ("patrol ignore p", "POST /patrol-records/p/ignore", {}),
    ("events --after 7 --limit 5", "GET /events?after=7&limit=5", None),
    ("agents --status active", "GET /agents?status=active", None),
    ("review create s rejected 1 --rework-agent a", "POST /review-records",
     {"sub_task_id": "s", "result": "rejected", "score": 1, "rework_agent": "a"}),
    ("st get ../a?b", "GET /sub-tasks/..%2Fa%3Fb", None),
    ("task edit t --name '' --desc d", "PUT /tasks/t", {"description": "d"}),
)  # fmt: skip


class Commands(CliTestCase):
    def check(self, table):
        for text, request, body in table:
            with self.subTest(command=text):
                self.succeed(*shlex.split(text))
                sent = self.last_request()
                self.assertEqual("%s %s" % (sent["method"], sent["path"].replace("/api", "", 1)), request)
                self.assertEqual(sent["body"], body)

    def test_every_command_of_the_existing_client_works(self):
        self.check(OLD_COMMANDS)

    def test_every_new_command_sends_what_the_server_expects(self):
        self.check(NEW_COMMANDS)

    def test_every_command_is_in_one_of_the_two_tables(self):
        listed = {tuple(shlex.split(text)[:2]) for text, _, _ in OLD_COMMANDS + NEW_COMMANDS}
        listed |= {(words[0],) for words in listed} | {("update",), ("help",), ("has-work",), ("watch",), ("task", "plan")}
        missing = [each.name for each in load_cli().COMMANDS if tuple(each.name.split()) not in listed]
        self.assertEqual(missing, [])

    def test_registration_sends_its_token_and_no_key(self):
        self.script_answer({"id": "a1", "name": "n", "role": "patrol", "api_key": "ak_new"})
        output = self.succeed("register", "--name", "n", "--role", "patrol", "--token", "tok", OPENMOSS_KEY=None)
        self.assertIn("api_key: ak_new\n", output)
        self.assertEqual(self.last_request()["headers"]["X-Registration-Token"], "tok")
        self.assertIsNone(self.last_request()["headers"]["Authorization"])

    def test_submit_keeps_the_order_of_its_artifacts(self):
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder, "report.md")
            report.write_text("# 报告\n", encoding="utf-8")
            self.succeed(
                "st", "submit", "s1", "--summary", "done", "--url", "http://x", "--path", "a.txt", "--path", "b.txt",
                "--text", "inline", "--text-file", str(report), "--text-file", "-", "--attempt", "2", stdin="piped",
            )  # fmt: skip
        self.assertEqual(
            self.last_body(),
            {
                "summary": "done",
                "attempt": 2,
                "artifacts": [
                    {"kind": "url", "value": "http://x"},
                    {"kind": "path", "value": "a.txt"},
                    {"kind": "path", "value": "b.txt"},
                    {"kind": "text", "value": "inline"},
                    {"kind": "text", "value": "# 报告\n", "title": "report.md"},
                    {"kind": "text", "value": "piped"},
                ],
            },
        )

    def test_a_plan_comes_from_a_file_or_from_stdin(self):
        plan = {"modules": [{"ref": "m", "name": "核心", "sub_tasks": [{"ref": "a", "name": "A", "depends_on": []}]}]}
        made = {
            "task_id": "t1",
            "modules": [{"ref": "m", "id": "m1", "name": "核心"}],
            "sub_tasks": [{"ref": "a", "id": "s1", "name": "A", "module_id": "m1", "depends_on": ["s0"]}],
        }
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "plan.json")
            file.write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")
            for source, stdin in (("-", file.read_text(encoding="utf-8")), (str(file), "")):
                with self.subTest(source=source):
                    self.script_answer(made)
                    output = self.succeed("task", "plan", "t1", source, stdin=stdin)
                    self.assertEqual(output, "module m1 核心 ref=m\nsub_task s1 A ref=a depends_on=s0\n")
                    self.assertEqual(self.last_request()["path"], "/api/tasks/t1/plan")
                    self.assertEqual(self.last_body(), plan)

    def test_a_plan_that_is_not_a_json_object_is_not_sent(self):
        for text in ("{", "[]", ""):
            with self.subTest(text=text):
                self.fail_with(2, "task", "plan", "t1", "-", stdin=text)
        self.assertEqual(self.server.requests, [])


class Work(CliTestCase):
    WORK = {"has_work": True, "action": "review", "next_check_seconds": 0}
    NONE = {"has_work": False, "next_check_seconds": 0}

    def test_next_prints_the_markdown_of_the_server(self):
        self.script_answer("# claim: do it\n")
        self.assertEqual(self.succeed("next"), "# claim: do it\n")
        self.assertEqual(self.last_request()["headers"]["Accept"], "text/markdown")
        self.script_answer('{"action": "idle"}')
        self.assertEqual(self.succeed("next", "--json"), '{"action": "idle"}\n')
        self.assertEqual(self.last_request()["headers"]["Accept"], "application/json")

    def test_has_work_says_so_with_its_exit_code(self):
        self.script_answer(self.WORK)
        self.assertEqual(self.succeed("has-work"), "review\n")
        self.script_answer({"has_work": False, "next_check_seconds": 60})
        result = self.run_cli("has-work")
        self.assertEqual((result.returncode, result.stdout), (7, b"none; ask again in 60 s\n"))
        self.fail_with(3, "has-work", OPENMOSS_KEY=None)

    def test_watch_waits_until_there_is_work(self):
        for answer in (self.NONE, {"action": "idle"}, self.NONE, {"action": "review"}, self.WORK, self.WORK):
            self.script_answer(answer)
        self.assertEqual(self.succeed("watch"), "review\n")
        asked = [request for request in self.server.requests if request["method"] == "POST"]
        self.assertEqual([request["body"] for request in asked], [{"claim": False, "wait_seconds": 55}] * 2)

    def test_watch_gives_up_when_its_time_is_up(self):
        for answer in (self.NONE, {"action": "idle"}) * 20:
            self.script_answer(answer)
        result = self.run_cli("watch", "--timeout", "0.2")
        self.assertEqual((result.returncode, result.stdout), (7, b"none\n"))

    def test_watch_outlives_a_server_that_is_away(self):
        self.script_answer("{}", status=500)
        self.script_answer(self.WORK)
        self.assertEqual(self.succeed("watch"), "review\n")

    def test_watch_does_not_outlive_its_key(self):
        self.script_answer({"detail": "x"}, status=401)
        self.fail_with(3, "watch")

    def test_watch_runs_a_command_each_time(self):
        with tempfile.TemporaryDirectory() as folder:
            notes = pathlib.Path(folder, "notes")
            line = 'echo "$OPENMOSS_ACTION $OPENMOSS_KEY $OPENMOSS_URL" >> "%s"' % notes
            for answer in [self.WORK] * 2 + [self.NONE, {"action": "idle"}] * 20:
                self.script_answer(answer)
            result = self.run_cli("watch", "--exec", line, "--timeout", "2.5", "--key", "ak_given", OPENMOSS_KEY=None)
            self.assertEqual(result.returncode, 7, result.stderr)
            self.assertEqual(notes.read_text(), "review ak_given %s\n" % self.url * 2)


class Output(CliTestCase):
    def test_a_list_has_one_line_each_and_says_what_is_missing(self):
        items = [{"id": "t%d" % n, "status": "active", "name": "first\nline"} for n in range(2)]
        self.script_answer({"items": items, "total": 39, "page": 1, "page_size": 0, "has_more": True})
        self.assertEqual(
            self.succeed("task", "list"), "t0 [active] first line\nt1 [active] first line\n… 37 more: --page 2\n"
        )
        self.script_answer({"items": items, "total": 7, "page": 2, "page_size": 2, "has_more": True})
        self.assertEqual(
            self.succeed("task", "list", "--page", "2", "--page-size", "2").splitlines()[-1],
            "… 3 more: --page 3 --page-size 2",
        )

    def test_a_row_leaves_out_labels_without_a_value(self):
        item = {"id": "s1", "status": "assigned", "priority": "low", "name": "n", "attempt": 1, "open_prerequisites": 0}
        self.script_answer({"items": [dict(item, lease_expires_at=None)], "total": 1})
        self.assertEqual(self.succeed("st", "mine"), "s1 [assigned] low n attempt=1\n")

    def test_an_empty_list_says_none(self):
        self.script_answer({"items": [], "total": 0, "page": 1, "page_size": 0, "has_more": False})
        self.assertEqual(self.succeed("st", "available"), "none\n")
        self.script_answer("[]")
        self.assertEqual(self.succeed("agents"), "none\n")

    def test_several_statuses_are_asked_one_by_one_and_joined(self):
        self.script_answer({"items": [{"id": "s1", "status": "rework", "priority": "high", "name": "a"}], "total": 1})
        self.script_answer({"items": [], "total": 0})
        self.assertEqual(self.succeed("st", "mine", "--status", "rework, assigned"), "s1 [rework] high a\n")
        self.assertEqual(
            [request["path"] for request in self.server.requests],
            ["/api/sub-tasks/mine?status=rework", "/api/sub-tasks/mine?status=assigned"],
        )
        self.script_answer({"items": [{"id": "s1"}], "total": 1})
        self.script_answer({"items": [{"id": "s2"}], "total": 1})
        joined = json.loads(self.succeed("st", "mine", "--status", "rework,assigned", "--json"))
        self.assertEqual([item["id"] for item in joined["items"]], ["s1", "s2"])
        self.assertEqual(joined["total"], 2)

    def test_details_leave_out_what_is_empty(self):
        self.script_answer(
            {
                "id": "s1",
                "description": "one\ntwo",
                "module_id": None,
                "depends_on": [],
                "version": 4,
                "waiting_for": {"kind": "review", "detail": "no reviewer", "since": None},
                "allowed_actions": ["submit", "block"],
            }
        )
        self.assertEqual(
            self.succeed("st", "get", "s1"),
            "id: s1\ndescription:\none\ntwo\nwaiting_for: {kind=review, detail=no reviewer}\n"
            "allowed_actions: submit, block\n",
        )

    def test_claim_next_says_why_there_is_nothing(self):
        self.script_answer({"sub_task": None, "reason": "all wait for prerequisites"})
        self.assertEqual(self.succeed("st", "claim-next"), "nothing to claim: all wait for prerequisites\n")
        self.script_answer({"sub_task": {"id": "s1", "status": "assigned", "name": "n", "attempt": 1}, "reason": None})
        self.assertEqual(self.succeed("st", "claim-next"), "s1 [assigned] n attempt=1\n")

    def test_submissions_show_artifacts_and_lateness(self):
        artifacts = [{"kind": "path", "value": "a.md"}, {"kind": "text", "value": "x\ny", "title": "t"}]
        item = {"attempt": 1, "agent_id": "a1", "late": True, "summary": "done", "created_at": "T"}
        item["artifacts"] = artifacts
        self.script_answer({"items": [item], "total": 1, "page": 1, "page_size": 0, "has_more": False})
        self.assertEqual(
            self.succeed("st", "submissions", "s1"),
            "attempt 1 (late) T by a1: done\n  path: a.md\n  text (t): x\ny\n",
        )

    def test_events_end_with_where_to_go_on(self):
        event = {"seq": 8, "at": "T", "kind": "sub_task.claimed", "task_id": "t", "sub_task_id": "s", "agent_id": None}
        event.update(actor={"kind": "agent", "id": "a", "name": "{ada}"}, payload={"attempt": 1})
        self.script_answer({"items": [event], "next_after": 8, "has_more": False})
        self.assertEqual(
            self.succeed("events"),
            "8 T sub_task.claimed by {ada} task_id=t sub_task_id=s {attempt=1}\nnext: --after 8\n",
        )
        self.script_answer({"items": [event], "next_after": 8, "has_more": True})
        self.assertIn("… more: --after 8", self.succeed("events"))

    def test_rules_announce_an_update(self):
        self.script_answer({"content": "Be kind.", "update_available": True, "latest_version": 4})
        self.assertEqual(self.succeed("rules"), "Be kind.\n\nClient version 4 is available: run `update`.\n")

    def test_text_is_utf_8_whatever_the_locale(self):
        self.script_answer({"content": "规则"})
        self.assertEqual(self.succeed("rules", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"), "规则\n")


class Update(CliTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.script = self.folder / "task-cli.py"
        shutil.copy(str(SCRIPT), str(self.script))
        self.script.chmod(0o755)
        self.current = self.script.read_text(encoding="utf-8")

    def update(self):
        output = self.succeed("update", script=self.script)
        paths = [request["path"] for request in self.server.requests]
        self.assertEqual(paths, ["/api/tools/cli", "/api/agents/me/skill"])
        leftovers = {path.name for path in self.folder.iterdir()} - {"task-cli.py", "SKILL.md"}
        self.assertEqual(leftovers, set())
        return output

    def script_text(self):
        return self.script.read_text(encoding="utf-8")

    def skill_text(self):
        return (self.folder / "SKILL.md").read_text(encoding="utf-8")

    def test_replaces_both_files_and_keeps_the_mode(self):
        newer = self.current.replace("CLI_VERSION = 4", "CLI_VERSION = 5")
        self.script_answer(newer)
        self.script_answer("# 技能\n")
        self.assertEqual(self.update(), "task-cli.py: updated\nSKILL.md: updated\n")
        self.assertEqual((self.script_text(), self.skill_text()), (newer, "# 技能\n"))
        self.assertEqual(stat.S_IMODE(self.script.stat().st_mode), 0o755)
        self.assertEqual(self.succeed("--version", script=self.script), "5\n")

    def test_renames_a_whole_new_file_over_the_old_one(self):
        # A second name of the old file shows whether somebody wrote into it.
        os.link(str(self.script), str(self.folder / "SKILL.md"))
        self.script_answer(self.current + "# newer\n")
        self.script_answer({"detail": "none"}, 404)
        self.update()
        self.assertEqual(self.skill_text(), self.current)
        self.assertEqual(self.script_text(), self.current + "# newer\n")

    def test_refuses_what_is_not_a_working_client(self):
        broken = self.current + "def broken(:\n"
        cut = self.current[: self.current.index("def write_out")]
        for text in (broken, cut, "", "ok", "<html></html>", "{}", self.current + "\0"):
            with self.subTest(text=text[-40:]):
                super().setUp()
                self.script_answer(text)
                self.script_answer("# skill\n")
                self.assertIn("task-cli.py: not updated: ", self.update())
                self.assertEqual(self.script_text(), self.current)
                self.assertEqual(self.skill_text(), "# skill\n")

    def test_one_failure_does_not_keep_the_other_file_from_its_update(self):
        self.script_answer({"detail": "no script"}, 404)
        self.script_answer("# skill\n")
        self.assertEqual(self.update(), "task-cli.py: not updated: error 404: no script\nSKILL.md: updated\n")
        super().setUp()
        self.script_answer(self.current)
        self.script_answer("   ")
        self.assertEqual(self.update(), "task-cli.py: up to date\nSKILL.md: not updated: the answer is empty\n")
        self.assertEqual(self.skill_text(), "# skill\n")


class Skills(unittest.TestCase):
    """What the server fills in. Form and vocabulary of the texts are held by crates/tidy/tests/vocabulary."""

    def skills(self):
        for role in ROLES:
            yield role, (HERE / ("task-%s-skill" % role) / "SKILL.md").read_text(encoding="utf-8")

    def test_set_the_key_up_in_one_line_that_leaves_a_given_key_alone(self):
        for role, text in self.skills():
            with self.subTest(role=role):
                self.assertEqual(text.count(PLACEHOLDER), 1)
                line = next(line for line in text.splitlines() if PLACEHOLDER in line)
                for key, expected in ((None, "ak_filled"), ("ak_given", "ak_given")):
                    environment = {"PATH": os.environ["PATH"], **({"OPENMOSS_KEY": key} if key else {})}
                    shell = line.replace(PLACEHOLDER, "ak_filled") + '\nprintf %s "$OPENMOSS_KEY"'
                    result = subprocess.run(["sh", "-c", shell], env=environment, stdout=subprocess.PIPE, check=True)
                    self.assertEqual(result.stdout.decode("utf-8"), expected)


class OperatorPage(unittest.TestCase):
    def test_names_every_command(self):
        page = (HERE.parent / "docs" / "agents.md").read_text(encoding="utf-8")
        named = set(re.findall(r"`([a-z]+(?: [a-z-]+)?)[^`]*`", page)) | set(re.findall(r"`([a-z-]+)[^`]*`", page))
        self.assertEqual([each.name for each in load_cli().COMMANDS if each.name not in named], [])


def load_cli():
    specification = importlib.util.spec_from_file_location("task_cli", str(SCRIPT))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


if __name__ == "__main__":
    unittest.main()
