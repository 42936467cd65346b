#!/usr/bin/env python3
"""Command line client of an OpenMOSS server, for the agents of a team.

One file, Python 3.8 or newer, standard library only. COMMANDS is the one list of what it can do:
the parser, the requests and the output are all made from it. `update` replaces this file by the
one that the server offers.
"""

import argparse
import collections
import email.utils
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

# The server reads the number to offer updates, and rewrites the address in the copy it serves.
CLI_VERSION = 4
BASE_URL = "http://127.0.0.1:6565"

EXIT_OK = 0
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_FORBIDDEN = 3
EXIT_NOT_FOUND = 4
EXIT_CONFLICT = 5
EXIT_UNREACHABLE = 6
EXIT_NO_WORK = 7
EXIT_CODES = {
    401: EXIT_FORBIDDEN,
    403: EXIT_FORBIDDEN,
    404: EXIT_NOT_FOUND,
    409: EXIT_CONFLICT,
    429: EXIT_UNREACHABLE,
}

TIMEOUT_SECONDS = 20
WAIT_SECONDS = 55  # Below what proxies take for a dead connection.
PAUSE_SECONDS_MAX = 60
RETRY_DELAYS_SECONDS = (0.5, 1.0, 2.0)
RETRY_AFTER_SECONDS_MAX = 10.0
RETRY_STATUSES = (429, 502, 503, 504)
EXCERPT_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 4000

ROLES = ("planner", "executor", "reviewer", "patrol")
PRIORITIES = ("high", "medium", "low")
TYPES = ("once", "recurring")
RESULTS = ("approved", "rejected")
SEVERITIES = ("info", "warning", "critical")
BLOCKED_KINDS = ("dependency", "needs_input", "resource", "technical", "timeout", "other")

EPILOG = """\
--key, --base-url and --json may stand anywhere. The key is kept best in the environment (OPENMOSS_KEY).

exit codes:
  0  done
  1  refused: the request was not valid (400, 422, other 4xx); stderr says why
  2  wrong usage of this program
  3  no key, unknown key, or not allowed (401, 403)
  4  no such task, sub-task, … (404)
  5  conflict (409): somebody was quicker, or the status does not allow it; also a heartbeat
     whose answer says that the work was cancelled: stop, or pick another sub-task
  6  server unreachable, busy or failing (no answer, 429, 5xx), after the retries
  7  has-work and watch: there is no work
"""


class Failure(Exception):
    """A command that ends with a message on stderr and an exit code other than 0."""

    def __init__(self, exit_code, message):
        super().__init__(message)
        self.exit_code = exit_code


# --- HTTP ---------------------------------------------------------------------------------------

Answer = collections.namedtuple("Answer", "status headers text")
Request = collections.namedtuple("Request", "method path query body headers")


class AnyStatus(urllib.request.HTTPErrorProcessor):
    """Hands over every answer as it came: no exceptions, and no redirect that carries the key elsewhere."""

    def http_response(self, request, response):
        return response

    https_response = http_response


class Server:
    """Sends requests to one server with one agent's key."""

    def __init__(self, base_url, key):
        self.base_url = base_url.rstrip("/")
        self.key = key
        self.timeout = TIMEOUT_SECONDS
        handlers = [AnyStatus]
        if host_of(base_url) in ("localhost", "127.0.0.1", "::1"):  # A proxy would reach its own loopback.
            handlers.append(urllib.request.ProxyHandler({}))
        self.opener = urllib.request.build_opener(*handlers)

    def send(self, request):
        """Returns the text of a 2xx answer and raises Failure for every other outcome."""
        prepared = self.prepare(request)
        delays = list(RETRY_DELAYS_SECONDS) if request.method in ("GET", "POST") else []
        answer = self.try_once(prepared)
        while delays and (answer.status == 0 or answer.status in RETRY_STATUSES):
            time.sleep(retry_delay(answer, delays.pop(0)))
            answer = self.try_once(prepared)
        if not 200 <= answer.status < 300:
            raise self.failure(answer)
        return answer.text

    def send_json(self, request):
        """Returns the text of a 2xx answer together with the value in it."""
        text = self.send(request)
        try:
            return text, json.loads(text)
        except ValueError:
            message = "%s did not answer with JSON: is this an OpenMOSS server?" % self.base_url
            raise Failure(EXIT_UNREACHABLE, message) from None

    def prepare(self, request):
        """Builds the request once, so that a retry carries the same Idempotency-Key."""
        url = self.base_url + "/api" + request.path
        if request.query:
            url += "?" + urllib.parse.urlencode(request.query)
        headers = {"Accept": "application/json", "User-Agent": "openmoss-task-cli/%d" % CLI_VERSION}
        if self.key:
            headers["Authorization"] = "Bearer " + self.key
        if request.method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        data = None
        if request.method != "GET":
            headers["Content-Type"] = "application/json"
            data = json.dumps(request.body).encode("utf-8")
        headers.update(request.headers)
        return urllib.request.Request(url, data=data, headers=headers, method=request.method)

    def try_once(self, prepared):
        """Status 0 stands for no answer; the text then says why."""
        try:
            with self.opener.open(prepared, timeout=self.timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode("utf-8", "replace"))
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, {}, str(getattr(error, "reason", error)) or type(error).__name__)
        except ValueError as error:
            raise Failure(EXIT_USAGE, "cannot send this: %s" % error) from None

    def failure(self, answer):
        if answer.status == 0:
            return Failure(EXIT_UNREACHABLE, "no answer from %s: %s" % (self.base_url, answer.text))
        if answer.status < 400:
            target = answer.headers.get("Location", "elsewhere")
            return Failure(EXIT_UNREACHABLE, "%s redirects to %s: set OPENMOSS_URL" % (self.base_url, target))
        code = EXIT_CODES.get(answer.status, EXIT_REFUSED if answer.status < 500 else EXIT_UNREACHABLE)
        return Failure(code, describe_problem(answer))


def host_of(base_url):
    try:
        address = urllib.parse.urlsplit(base_url)
        if address.scheme in ("http", "https") and address.hostname:
            return address.hostname
    except ValueError:
        pass
    raise Failure(EXIT_USAGE, "the server's address must look like http://host:6565, not %r" % base_url)


def retry_delay(answer, default):
    """What the server asks for, within the limit; else the default, spread so that a team is not in step."""
    asked = answer.headers.get("Retry-After") if answer.status else None
    if asked is None:
        return default * random.uniform(0.75, 1.25)
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(asked).timestamp() - time.time()
        except (TypeError, ValueError):
            seconds = default
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)


def describe_problem(answer):
    """The problem's code and detail, then what would be allowed and which fields are wrong."""
    try:
        problem = json.loads(answer.text)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": flat(answer.text)[:EXCERPT_LENGTH_MAX] or "no further information"}
    code = " %s" % problem["code"] if problem.get("code") else ""
    lines = ["error %d%s: %s" % (answer.status, code, flat(problem.get("detail") or problem.get("title")))]
    if problem.get("allowed_actions") is not None:
        lines.append("allowed_actions: " + (flat(problem["allowed_actions"]) or "none"))
    lines += ["- " + flat_error(error) for error in problem.get("errors") or ()]
    return "\n".join(lines)


def flat_error(error):
    if isinstance(error, dict) and "message" in error:
        return "%s: %s" % (error.get("field") or "body", flat(error["message"]))
    return flat(error)


# --- Output -------------------------------------------------------------------------------------
#
# A renderer takes the parsed answer and the options, and returns text. A model pays for each
# character, so empty values are left out.

HIDDEN_DETAILS = ("version", "recurring_config")


class Blank(dict):
    """Values for a template; what the answer lacks shows as a dash."""

    def __missing__(self, key):
        return "-"


def flat(value):
    """A value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        pairs = ("%s=%s" % (key, flat(item)) for key, item in value.items() if not is_empty(item))
        return "{%s}" % ", ".join(pairs)
    if isinstance(value, (list, tuple)):
        return ", ".join(flat(item) for item in value)
    return "" if value is None else " ".join(str(value).split())


def is_empty(value):
    return value is None or value == "" or value == [] or value == {}


def excerpt(text, length_max):
    if len(text) <= length_max:
        return text
    return "%s… (%d characters, all with --json)" % (text[:length_max], len(text))


def format_line(template, labels, item):
    """The template filled in, then `label=value` for each label that has a value and is not 0."""
    values = Blank((key, flat(value)) for key, value in item.items() if not is_empty(value))
    labelled = ["%s=%s" % (name, values[name]) for name in labels if values.get(name, "0") != "0"]
    return " ".join([template.format_map(values)] + labelled)


def items_of(data):
    return data.get("items", []) if isinstance(data, dict) else data


def more(data, options):
    """One line that says how to get the rest of a page, if there is a rest."""
    if not (isinstance(data, dict) and data.get("has_more")):
        return []
    if "next_after" in data:
        return ["… more: --after %s" % data["next_after"]]
    page, count, left = data.get("page") or 1, len(data["items"]), ""
    if "total" in data and "page_size" in data:
        left = " %d" % (data["total"] - (page - 1) * (data["page_size"] or count) - count)
    size = getattr(options, "page_size", None)
    return ["…%s more: --page %d%s" % (left, page + 1, " --page-size %d" % size if size else "")]


def line(template, *labels):
    """A renderer for one thing on one line."""
    return lambda data, options: format_line(template, labels, data)


def rows(template, *labels):
    """A renderer for a list, one line each."""

    def render(data, options):
        lines = [format_line(template, labels, item) for item in items_of(data)]
        return "\n".join(lines + more(data, options)) or "none"

    return render


def details(data, options):
    """`key: value` lines; a text of several lines starts below its key."""
    lines = []
    for key, value in data.items():
        if is_empty(value) or key in HIDDEN_DETAILS:
            continue
        multiline = isinstance(value, str) and "\n" in value.strip()
        lines.append("%s:\n%s" % (key, value.strip()) if multiline else "%s: %s" % (key, flat(value)))
    return "\n".join(lines)


def render_rules(data, options):
    text = data.get("content") or "no rules"
    if data.get("update_available"):
        text += "\n\nClient version %s is available: run `update`." % data.get("latest_version")
    return text


def render_claim_next(data, options):
    if data.get("sub_task"):
        return CLAIM_LINE(data["sub_task"], options)
    return "nothing to claim: " + (flat(data.get("reason")) or "no reason given")


def render_record(data, options):
    known = "" if data.get("is_new") else " (known already)"
    return PATROL_LINE(data.get("record") or {}, options) + known


def render_plan(data, options):
    lines = []
    for kind in ("module", "sub_task"):
        created = data.get(kind + "s") or ()
        lines += [format_line(kind + " {id} {name}", ("ref", "depends_on"), item) for item in created]
    return "\n".join(lines) or "nothing created"


def render_submissions(data, options):
    lines = []
    for item in items_of(data):
        late = " (late)" if item.get("late") else ""
        lines.append(format_line("attempt {attempt}%s {created_at} by {agent_id}: {summary}" % late, (), item))
        lines += ["  %s" % render_artifact(artifact) for artifact in item.get("artifacts") or ()]
    return "\n".join(lines + more(data, options)) or "none"


def render_artifact(artifact):
    title = " (%s)" % flat(artifact["title"]) if artifact.get("title") else ""
    return "%s%s: %s" % (artifact.get("kind"), title, excerpt(str(artifact.get("value")), TEXT_LENGTH_MAX))


def render_events(data, options):
    lines = []
    for item in items_of(data):
        actor = item.get("actor") or {}
        known = dict(item, who=actor.get("name") or actor.get("id") or actor.get("kind"))
        text = format_line("{seq} {at} {kind} by {who}", ("task_id", "sub_task_id", "agent_id"), known)
        payload = excerpt(flat(item.get("payload") or None), EXCERPT_LENGTH_MAX)
        lines.append("%s %s" % (text, payload) if payload else text)
    return "\n".join(lines + (more(data, options) or ["next: --after %s" % data.get("next_after")]))


CLAIM_LINE = line("{id} [{status}] {name}", "task_id", "attempt", "lease_expires_at", "allowed_actions")
TASK_LINE = line("{id} [{status}] {name}")
TASK_ROWS = rows("{id} [{status}] {name}")
SUB_TASK_LINE = line(
    "{id} [{status}] {name}", "attempt", "lease_expires_at", "blocked_cause", "allowed_actions"
)
SUB_TASK_ROWS = rows("{id} [{status}] {priority} {name}", "assigned_agent", "blocked_cause", "waiting_for")
MY_ROWS = rows("{id} [{status}] {priority} {name}", "task_id", "attempt", "lease_expires_at", "open_prerequisites")
OPEN_ROWS = rows("{id} {priority} {name}", "task_id")
REVIEW_LINE = line("{sub_task_id} {result} {score}/5", "round")
REVIEW_ROWS = rows("{id} round {round} {result} {score}/5", "issues", "comment", "reviewer_agent")
SCORE_ROWS = rows("{score_delta} {reason}", "sub_task_id", "created_at")
LEADERBOARD_ROWS = rows("{rank}. {agent_name} ({role}) {total_score}")
LOG_ROWS = rows("{created_at} [{action}] {summary}", "sub_task_id")
TEAM_LOG_ROWS = rows("{created_at} [{action}] {summary}", "agent_id", "sub_task_id")
PATROL_LINE = line("{id} [{status}] {type}: {description}")
PATROL_ROWS = rows("{id} [{status}] {severity} {type}: {description}", "sub_task_id", "agent_id", "action_taken")
AGENT_ROWS = rows("{id} [{status}] {name} ({role}) {total_score}", "description")

# --- Arguments ----------------------------------------------------------------------------------

Argument = collections.namedtuple("Argument", "flags place field settings")


def argument(place, *flags, field=None, **settings):
    """`place` says where the value goes: path, query, body, header, or document (it is the body)."""
    return Argument(flags, place, field or flags[0].lstrip("-").replace("-", "_"), settings)


def in_path(name):
    return argument("path", name, type=not_blank)


def in_query(*flags, **settings):
    return argument("query", *flags, **settings)


def in_body(*flags, **settings):
    return argument("body", *flags, **settings)


def is_option(item):
    return item.flags[0].startswith("-")


def not_blank(text):
    """An unset shell variable must not turn `st get "$ID"` into a request for the whole list."""
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def read_text(path):
    """The text of a file, or of stdin for `-`."""
    try:
        data = sys.stdin.buffer.read() if path == "-" else pathlib.Path(path).read_bytes()
        return data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError("cannot read %s: %s" % (path, error)) from None


def read_document(path):
    try:
        document = json.loads(read_text(path))
    except ValueError as error:
        raise argparse.ArgumentTypeError("%s is not JSON: %s" % (path, error)) from None
    if not isinstance(document, dict):
        raise argparse.ArgumentTypeError("%s must hold a JSON object" % path)
    return document


def artifact(flag, kind, read=None, **settings):
    """All artifact options fill one list, in the order in which they are given."""

    def parse(value):
        made = {"kind": kind, "value": not_blank(read(value) if read else value)}
        if read and value != "-":
            made["title"] = pathlib.Path(value).name
        return made

    return in_body(flag, field="artifacts", action="append", type=parse, **settings)


DESCRIPTION = in_body("--desc", "--description", field="description", help="description")
ID = in_path("id")
PAGING = (
    in_query("--page", type=int, help="page number, from 1"),
    in_query("--page-size", type=int, help="rows in a page, at most 100; without it at most 200 rows come"),
)
STATUSES = in_query("--status", help="one status, or several joined by commas")
TASK_FILTER = in_query("--task-id", help="only of this task")
SUB_TASK_FILTER = in_query("--sub-task-id", help="only of this sub-task")
LOG_FILTERS = (
    in_query("--action", help="only this action"),
    in_query("--days", type=int, help="the last N days (7, at most 60)"),
    in_query("--limit", type=int, help="at most N entries (20, at most 500)"),
)
SESSION = in_body("--session", field="session_id", help="id of your runtime session")
ATTEMPT = in_body("--attempt", type=int, help="the attempt you work on; refused if it is no longer yours")
TYPE = in_body("--type", choices=TYPES, help="once if not given")
ABOUT = in_body("--sub-task-id", help="the sub-task that it is about")
SUB_TASK_TEXTS = (
    DESCRIPTION,
    in_body("--deliverable", help="what must exist when it is done"),
    in_body("--acceptance", help="how a reviewer checks it"),
    in_body("--priority", choices=PRIORITIES, help="a new one is medium if not given"),
    in_body("--depends-on", action="append", metavar="ID", help="must be done first; repeatable"),
    in_body("--needs", field="required_capabilities", action="append", metavar="TAG",
            help="what its executor must be able to do; repeatable"),
)

# --- Commands -----------------------------------------------------------------------------------

Command = collections.namedtuple("Command", "name request render help arguments")


def command(name, request, render, text, *arguments):
    return Command(name, request, render, text, arguments)


GROUPS = {
    "task": "tasks (goals)",
    "module": "modules of a task",
    "st": "sub-tasks",
    "review": "reviews",
    "score": "scores",
    "log": "activity log",
    "patrol": "patrol records",
}
KEYLESS = ("register", "help")

COMMANDS = (
    command("next", "POST /agents/me/next", None, "what to do now, taken and begun: the whole wake-up",
            in_body("--wait", field="wait_seconds", type=int, metavar="SECONDS",
                    help="wait for work up to so long (at most 60)"),
            in_body("--session", field="session_id", help="id of your runtime session"),
            in_body("--rules-etag", help="of rules that you have read in this session: not sent again"),
            in_body("--look", field="claim", action="store_const", const=False, help="only look, take nothing"),
            in_body("--no-start", field="start", action="store_const", const=False, help="take it, but do not start")),
    command("has-work", "GET /agents/me/has-work", None,
            "whether there is work, for scripts: exit code 0 or 7"),
    command("watch", "GET /agents/me/has-work", None, "wait until there is work, without a model",
            argument(None, "--exec", field="command_line", metavar="CMD",
                     help="run this whenever there is work, and go on watching"),
            argument(None, "--timeout", type=float, metavar="SECONDS", help="give up after so long (exit code 7)")),
    command("heartbeat", "POST /sub-tasks/{id}/heartbeat", details, "the same as st heartbeat",
            ID, in_body("--progress", help="what is done by now"),
            in_body("--percent", type=int, help="0 to 100"), ATTEMPT),
    command("register", "POST /agents/register", details, "register an agent; shows its key, once",
            in_body("--name", required=True, help="name, unique in the team"),
            in_body("--role", required=True, choices=ROLES),
            argument("header", "--token", field="X-Registration-Token", required=True,
                     help="registration token"),
            in_body("--description", help="what the agent is good at"),
            in_body("--capability", field="capabilities", action="append", metavar="TAG",
                    help="what it can do, such as python; repeatable")),
    command("rules", "GET /rules", render_rules, "the rules in force",
            in_query("--task-id", help="with the rules of this task"),
            in_query("--sub-task-id", help="with the rules of this sub-task"),
            in_query("--cli-version", default=CLI_VERSION, help=argparse.SUPPRESS)),
    command("update", None, None, "update this file and SKILL.md beside it"),
    command("help", None, None, "show the help of a command", argument(None, "topic", nargs="*")),

    command("task create", "POST /tasks", TASK_LINE, "create a task", in_body("name"), DESCRIPTION, TYPE),
    command("task list", "GET /tasks", TASK_ROWS, "list tasks, newest first", STATUSES, *PAGING),
    command("task get", "GET /tasks/{id}", details, "one task", ID),
    command("task edit", "PUT /tasks/{id}", TASK_LINE, "edit a task", ID, in_body("--name"), DESCRIPTION),
    command("task status", "PUT /tasks/{id}/status", TASK_LINE, "set a task's status", ID, in_body("status")),
    command("task cancel", "POST /tasks/{id}/cancel", TASK_LINE, "cancel a task", ID),
    command("task plan", "POST /tasks/{id}/plan", render_plan,
            "create modules and sub-tasks from one JSON document, all or nothing",
            ID, argument("document", "file", type=read_document, help="JSON file, or - for stdin")),

    command("module create", "POST /tasks/{task_id}/modules", line("{id} {name}"), "create a module",
            in_path("task_id"), in_body("name"), DESCRIPTION),
    command("module list", "GET /tasks/{task_id}/modules", rows("{id} {name}"), "list a task's modules",
            in_path("task_id")),

    command("st create", "POST /sub-tasks", SUB_TASK_LINE, "create a sub-task",
            in_body("task_id"), in_body("name"), *SUB_TASK_TEXTS, TYPE,
            in_body("--module-id", help="module it belongs to"),
            in_body("--assign", field="assigned_agent", metavar="AGENT_ID", help="give it to this executor")),
    command("st list", "GET /sub-tasks", SUB_TASK_ROWS, "list sub-tasks, newest first",
            TASK_FILTER, in_query("--module-id", help="only of this module"), STATUSES, *PAGING),
    command("st get", "GET /sub-tasks/{id}", details, "one sub-task with everything", ID),
    command("st mine", "GET /sub-tasks/mine", MY_ROWS, "sub-tasks that you own", STATUSES, *PAGING),
    command("st available", "GET /sub-tasks/available", OPEN_ROWS, "sub-tasks that can be claimed", *PAGING),
    command("st latest", "GET /sub-tasks/latest", details, "your latest sub-task of a task",
            in_query("task_id", type=not_blank)),
    command("st claim", "POST /sub-tasks/{id}/claim", CLAIM_LINE, "claim a pending sub-task", ID, SESSION),
    command("st claim-next", "POST /sub-tasks/claim-next", render_claim_next,
            "claim the best sub-task that can be claimed",
            in_body("--task-id", help="only of this task"), SESSION),
    command("st release", "POST /sub-tasks/{id}/release", SUB_TASK_LINE, "give a claimed sub-task back", ID),
    command("st start", "POST /sub-tasks/{id}/start", details, "start to work; prints the sub-task",
            ID, SESSION),
    command("st heartbeat", "POST /sub-tasks/{id}/heartbeat", details, "keep the lease during long work",
            ID, in_body("--progress", help="what is done by now"),
            in_body("--percent", type=int, help="0 to 100"), ATTEMPT),
    command("st submit", "POST /sub-tasks/{id}/submit", SUB_TASK_LINE, "hand work in for review",
            ID, in_body("--summary", help="what was done and how it was checked"),
            artifact("--path", "path", metavar="P", help="a file of the deliverable; repeatable"),
            artifact("--url", "url", metavar="U", help="an address of the deliverable; repeatable"),
            artifact("--text", "text", metavar="T", help="the deliverable itself; repeatable"),
            artifact("--text-file", "text", read_text, metavar="F",
                     help="the text of this file (- is stdin); repeatable"),
            ATTEMPT),
    command("st submissions", "GET /sub-tasks/{id}/submissions", render_submissions,
            "what was submitted for a sub-task", ID, *PAGING),
    command("st edit", "PUT /sub-tasks/{id}", SUB_TASK_LINE, "edit it, unless in progress or in review",
            ID, in_body("--name"), *SUB_TASK_TEXTS,
            in_body("--no-depends-on", field="depends_on", action="store_const", const=[],
                    help="remove all prerequisites")),
    command("st cancel", "POST /sub-tasks/{id}/cancel", SUB_TASK_LINE, "cancel a sub-task", ID),
    command("st block", "POST /sub-tasks/{id}/block", SUB_TASK_LINE, "mark a sub-task as blocked",
            ID, in_body("--kind", choices=BLOCKED_KINDS, help="kind of the cause"),
            in_body("--detail", help="what is missing, and from whom"),
            in_body("--waits-for", help="id of what it waits for")),
    command("st requeue", "POST /sub-tasks/{id}/requeue", SUB_TASK_LINE, "make a blocked one claimable", ID),
    command("st adopt", "POST /sub-tasks/{id}/adopt", SUB_TASK_LINE, "put what came late into review",
            ID, in_body("submission_id")),
    command("st reopen", "POST /sub-tasks/{id}/reopen", SUB_TASK_LINE, "make a finished one pending", ID),
    command("st session", "POST /sub-tasks/{id}/session", SUB_TASK_LINE, "bind it to another runtime session",
            ID, in_body("session_id")),
    command("st reassign", "POST /sub-tasks/{id}/reassign", SUB_TASK_LINE, "give it to another executor",
            ID, in_body("agent_id")),
    command("st note", "POST /sub-tasks/{id}/notes", line("noted"), "write a note that its executor reads",
            ID, in_body("text")),

    command("review create", "POST /review-records", REVIEW_LINE, "approve or reject submitted work",
            in_body("sub_task_id"), in_body("result", choices=RESULTS, help="approved or rejected"),
            in_body("score", type=int, help="1 to 5"), in_body("--comment", help="verdict in a sentence"),
            in_body("--issues", help="what to change; needed to reject"),
            in_body("--rework-agent", metavar="AGENT_ID", help="let another executor do the rework")),
    command("review list", "GET /review-records", REVIEW_ROWS, "list reviews, newest first",
            SUB_TASK_FILTER, *PAGING),
    command("review get", "GET /review-records/{id}", details, "one review", ID),

    command("score me", "GET /scores/me", details, "your score"),
    command("score logs", "GET /scores/me/logs", SCORE_ROWS, "your score changes", *PAGING),
    command("score agent-logs", "GET /scores/{agent_id}/logs", SCORE_ROWS, "an agent's score changes",
            in_path("agent_id"), *PAGING),
    command("score leaderboard", "GET /scores/leaderboard", LEADERBOARD_ROWS, "all agents by score"),
    command("score adjust", "POST /scores/adjust", line("{score_delta} {reason}"), "change an agent's score",
            in_body("agent_id"), in_body("delta", field="score_delta", type=int), in_body("reason"), ABOUT),

    command("log create", "POST /logs", line("logged [{action}]"), "write to the activity log",
            in_body("action", help="blocked, coding, delivery, patrol, plan, reflection or review"),
            in_body("summary"), ABOUT, SESSION),
    command("log mine", "GET /logs/mine", LOG_ROWS, "your log entries", *LOG_FILTERS),
    command("log list", "GET /logs", TEAM_LOG_ROWS, "everybody's log entries", SUB_TASK_FILTER, *LOG_FILTERS),

    command("patrol list", "GET /patrol-records", PATROL_ROWS, "patrol records, newest first",
            in_query("--status", help="open, ignored or resolved"), SUB_TASK_FILTER, *PAGING),
    command("patrol report", "POST /patrol-records", render_record, "report a finding; a repeat opens no second one",
            in_body("type", help="kind of the finding, one word"), in_body("description", help="what is wrong"),
            in_body("--severity", choices=SEVERITIES, help="warning if not given"), ABOUT,
            in_body("--agent-id", help="the agent that it is about"),
            in_body("--dedup-key", help="names the condition: one record while it lasts")),
    command("patrol resolve", "POST /patrol-records/{id}/resolve", PATROL_LINE, "say that it is over",
            ID, in_body("--action-taken", help="what was done about it")),
    command("patrol ignore", "POST /patrol-records/{id}/ignore", PATROL_LINE, "leave it as it is, without further calls",
            ID, in_body("--action-taken", help="why it may stay")),

    command("events", "GET /events", render_events, "what happened, oldest first",
            in_query("--after", type=int, metavar="SEQ", help="only later than this"),
            in_query("--limit", type=int, help="at most N events")),
    command("notification", "GET /config/notification", details, "notification settings"),
    command("agents", "GET /agents", AGENT_ROWS, "the agents of the team",
            in_query("--role", help="only this role"), in_query("--status", help="active or disabled")),
)

# --- Running a command --------------------------------------------------------------------------


def build_request(command, options):
    """Sorts the options into path, query, body and headers."""
    places = {"path": {}, "query": {}, "body": {}, "header": {}, "document": {}}
    for place, field, value in given_values(command, options):
        places[place][field] = value
    method, _, path = command.request.partition(" ")
    segments = {name: urllib.parse.quote(value, safe="") for name, value in places["path"].items()}
    body = next(iter(places["document"].values()), places["body"])
    return Request(method, path.format_map(segments), places["query"], body, places["header"])


def given_values(command, options):
    """An empty option counts as not given, as it did before version 3."""
    for item in command.arguments:
        value = vars(options).get(item.field)
        if value is not None and not (is_option(item) and value == ""):
            yield item.place, item.field, value


def fetch(server, request):
    """One request; or, for a list of several statuses, one each, joined in the order asked for."""
    statuses = [status.strip() for status in request.query.get("status", "").split(",") if status.strip()]
    if len(statuses) < 2:
        return server.send_json(request)
    queries = [dict(request.query, status=status) for status in statuses]
    pages = [server.send_json(request._replace(query=query))[1] for query in queries]
    joined = [item for page in pages for item in items_of(page)]
    if isinstance(pages[0], dict):
        joined = {
            "items": joined,
            "total": sum(page.get("total", 0) for page in pages),
            "page": pages[0].get("page", 1),
            "has_more": any(page.get("has_more") for page in pages),
        }
    return json.dumps(joined, ensure_ascii=False), joined


def run_api(command, options, server):
    """Returns what to print and the exit code."""
    text, data = fetch(server, build_request(command, options))
    is_cancelled = isinstance(data, dict) and data.get("cancelled") is True
    output = text if vars(options).get("json") else render(command, text, data, options)
    return output, EXIT_CONFLICT if is_cancelled else EXIT_OK


def run_next(command, options, server):
    """Markdown, as the server writes it; with --json the answer as it came."""
    request = build_request(command, options)
    server.timeout = TIMEOUT_SECONDS + (request.body.get("wait_seconds") or 0)
    if not vars(options).get("json"):
        request.headers["Accept"] = "text/markdown"
    return server.send(request).rstrip("\n"), EXIT_OK


def ask_for_work(server):
    return server.send_json(Request("GET", "/agents/me/has-work", {}, {}, {}))


def run_has_work(options, server):
    text, data = ask_for_work(server)
    has_work = data.get("has_work") is True
    line = str(data.get("action")) if has_work else "none; ask again in %s s" % data.get("next_check_seconds")
    return text if vars(options).get("json") else line, EXIT_OK if has_work else EXIT_NO_WORK


def run_watch(options, server):
    """The server holds each question open until there is something new, so this costs almost nothing."""
    server.timeout = TIMEOUT_SECONDS + WAIT_SECONDS
    end = time.monotonic() + options.timeout if options.timeout is not None else None
    pause = 0.0
    while True:
        try:
            data = ask_for_work(server)[1]
            if data.get("has_work") is True:
                if not options.command_line:
                    return str(data.get("action")), EXIT_OK
                pause = next_pause(run_for(data, options.command_line, server), pause)
            else:
                pause = wait_for_news(data, server, end)
        except Failure as failure:
            if failure.exit_code != EXIT_UNREACHABLE:
                raise
            pause = next_pause(False, pause)
        if end is not None and time.monotonic() + pause >= end:
            time.sleep(max(end - time.monotonic(), 0.0))
            return "none", EXIT_NO_WORK
        time.sleep(pause)


def wait_for_news(data, server, end):
    """Returns how long to pause: there may be news that call for somebody else."""
    left = WAIT_SECONDS if end is None else max(min(WAIT_SECONDS, int(end - time.monotonic())), 0)
    body = {"claim": False, "wait_seconds": left}
    news = server.send_json(Request("POST", "/agents/me/next", {}, body, {}))[1]
    if news.get("action") == "idle" or ask_for_work(server)[1].get("has_work") is True:
        return 0.0
    return float(data.get("next_check_seconds") or PAUSE_SECONDS_MAX)


def run_for(data, command_line, server):
    """Whether the command ended well. It gets the action, and key and address as this program has them."""
    environment = dict(os.environ, OPENMOSS_KEY=server.key, OPENMOSS_URL=server.base_url)
    environment["OPENMOSS_ACTION"] = str(data.get("action"))
    return subprocess.call(command_line, shell=True, env=environment) == 0


def next_pause(is_well, pause):
    """A second after what went well; else twice as long each time, so that nothing runs hot."""
    return 1.0 if is_well else min(max(2 * pause, 2.0), float(PAUSE_SECONDS_MAX))


def render(command, text, data, options):
    """The server has acted by now, so an answer of an unknown shape is shown as it came."""
    try:
        return command.render(data, options)
    except (AttributeError, KeyError, TypeError, ValueError):
        return text


def run_update(server):
    """Tries both files on their own; a failure is reported and leaves the old file as it is."""
    script = pathlib.Path(__file__).resolve()
    skill = script.with_name("SKILL.md")
    lines = [
        download(server, script, "/tools/cli", check_script),
        download(server, skill, "/agents/me/skill", check_skill),
    ]
    return "\n".join(lines), EXIT_OK


def download(server, target, path, check):
    try:
        text = server.send(Request("GET", path, {}, {}, {"Accept": "text/plain"}))
        check(text)
        if target.exists() and target.read_text(encoding="utf-8") == text:
            return "%s: up to date" % target.name
        replace_file(target, text)
    except (Failure, OSError, ValueError, SyntaxError) as error:
        return "%s: not updated: %s" % (target.name, error)
    return "%s: updated" % target.name


def check_script(text):
    """What is not a whole client, or does not compile, must not take the place of one that works."""
    if not re.search(r"^CLI_VERSION = \d+.*^if __name__ == ", text, re.MULTILINE | re.DOTALL):
        raise ValueError("the answer is not this program")
    compile(text, "task-cli.py", "exec")


def check_skill(text):
    if not text.strip():
        raise ValueError("the answer is empty")


def replace_file(target, text):
    """Writes a file beside the target and renames it: a crash leaves the old or the new one, whole."""
    handle, temporary = tempfile.mkstemp(dir=str(target.parent), prefix=target.name + ".")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(str(target), temporary)
        os.replace(temporary, str(target))
    except BaseException:
        os.unlink(temporary)
        raise


def run(options):
    command = options.command
    if command.name == "help":
        return run_help(options.topic)
    key = read_key(options) if command.name not in KEYLESS else None
    base_url = vars(options).get("base_url") or os.environ.get("OPENMOSS_URL", "").strip() or BASE_URL
    server = Server(base_url, key)
    if command.name == "update":
        return run_update(server)
    if command.name == "next":
        return run_next(command, options, server)
    if command.name == "has-work":
        return run_has_work(options, server)
    if command.name == "watch":
        return run_watch(options, server)
    return run_api(command, options, server)


def read_key(options):
    key = (vars(options).get("key") or os.environ.get("OPENMOSS_KEY", "")).strip()
    if not key:
        raise Failure(EXIT_FORBIDDEN, "no key: set OPENMOSS_KEY in the environment, or pass --key")
    if not re.match(r"^[\x21-\x7e]+$", key) or "<" in key:
        raise Failure(EXIT_FORBIDDEN, "the key is a placeholder or damaged: set OPENMOSS_KEY to your key")
    return key


# --- Command line -------------------------------------------------------------------------------


def add_global_options(parser):
    """On every parser, so that they may stand before, between and after the command's words."""
    parser.add_argument("--key", default=argparse.SUPPRESS, help="agent key (environment: OPENMOSS_KEY)")
    parser.add_argument("--base-url", default=argparse.SUPPRESS, metavar="URL",
                        help="server address (environment: OPENMOSS_URL)")
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS,
                        help="print the answer as it came")
    parser.set_defaults(command=None, parser=parser)


def add_command(verbs, verb, command):
    parser = verbs.add_parser(verb, help=command.help, description=command.help)
    for item in command.arguments:
        if is_option(item):
            parser.add_argument(*item.flags, dest=item.field, **item.settings)
        else:
            parser.add_argument(item.field, metavar=item.flags[0], **item.settings)
    add_global_options(parser)
    parser.set_defaults(command=command)


def build_parser():
    root = argparse.ArgumentParser(
        prog="task-cli.py",
        description="Client of the OpenMOSS server for agents. Help of a command: task-cli.py help st submit",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=str(CLI_VERSION))
    add_global_options(root)
    levels = {"": root.add_subparsers(metavar="command")}
    for command in COMMANDS:
        group, _, verb = command.name.rpartition(" ")
        if group not in levels:
            parser = levels[""].add_parser(group, help=GROUPS[group], description=GROUPS[group])
            add_global_options(parser)
            levels[group] = parser.add_subparsers(metavar="command")
        add_command(levels[group], verb, command)
    return root


def run_help(topic):
    """`help st submit` is `st submit --help`, which prints and ends the program."""
    build_parser().parse_args(list(topic) + ["--help"])


def write_out(text):
    try:
        print(text, flush=True)
    except BrokenPipeError:  # The reader, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments=None):
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    options = build_parser().parse_args(arguments)
    if options.command is None:
        options.parser.print_help()
        return EXIT_OK
    try:
        output, exit_code = run(options)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    write_out(output)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
