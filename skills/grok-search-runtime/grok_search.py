#!/usr/bin/env python3
"""Asks a Grok model that searches the web or X for the answer (xAI's Responses API), and names the sources.

One file, Python 3.8 or newer, standard library only. The key comes from the environment:
references/CONFIG.md. Each call costs money, so a call that may have been carried out is not repeated.
"""

import argparse
import collections
import datetime
import email.utils
import http.client
import ipaddress
import json
import os
import re
import socket
import sys
import time
import urllib.parse
import urllib.request

# --- HTTP: the same lines in every service skill, for each folder is installed alone; a test compares them ---

EXIT_OK = 0
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_FORBIDDEN = 3
EXIT_NOT_FOUND = 4
EXIT_UNREACHABLE = 6
EXIT_CODES = {
    401: EXIT_FORBIDDEN,
    403: EXIT_FORBIDDEN,
    404: EXIT_NOT_FOUND,
    429: EXIT_UNREACHABLE,
}

# What did not come as an HTTP status: the service cannot know of the request, or it may have carried it out.
NOT_REACHED = 0
LOST = -1
# With these a service says that it has done nothing, so even a POST can be sent again.
SAFE_TO_REPEAT = (NOT_REACHED, 429, 503)
GET_REPEATS = SAFE_TO_REPEAT + (LOST, 500, 502, 504)
RETRY_DELAYS_SECONDS = (1.0, 3.0)
RETRY_AFTER_SECONDS_MAX = 30.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024
EXCERPT_LENGTH_MAX = 300


class Failure(Exception):
    """A command that ends with a message on stderr and an exit code other than 0."""

    def __init__(self, exit_code, message):
        super().__init__(message)
        self.exit_code = exit_code


Answer = collections.namedtuple("Answer", "status headers body")


class AnyStatus(urllib.request.HTTPErrorProcessor):
    """Hands over every answer as it came: no exceptions, and no redirect that carries the key elsewhere."""

    def http_response(self, request, response):
        return response

    https_response = http_response


class Service:
    """Sends requests to one address. `secrets` never appear in what it reports."""

    def __init__(self, name, base_url, headers, secrets, timeout_seconds):
        self.name = name
        self.base_url = base_url
        self.headers = dict({"Accept": "application/json", "User-Agent": "openmoss-skill"}, **headers)
        self.secrets = [secret for secret in secrets if secret]
        self.timeout_seconds = timeout_seconds
        handlers = [AnyStatus]
        if host_of(base_url) in ("localhost", "127.0.0.1", "::1"):  # A proxy would reach its own loopback.
            handlers.append(urllib.request.ProxyHandler({}))
        self.opener = urllib.request.build_opener(*handlers)

    def send_json(self, method, path, document=None):
        """Sends a JSON body, if there is one, and returns the value in the answer."""
        if document is None:
            return self.send(method, path)
        data = json.dumps(document).encode("utf-8")
        return self.send(method, path, data, {"Content-Type": "application/json"})

    def send(self, method, path, data=None, headers=()):
        """Returns the JSON value in a 2xx answer and raises Failure for every other outcome."""
        request = urllib.request.Request(
            self.base_url + path, data=data, headers=dict(self.headers, **dict(headers)), method=method
        )
        answer = self.try_once(request)
        for delay in RETRY_DELAYS_SECONDS:
            seconds = retry_delay(method, answer, delay)
            if seconds is None:
                break
            time.sleep(seconds)
            answer = self.try_once(request)
        if not 200 <= answer.status < 300:
            raise self.failure(method, answer)
        try:
            return json.loads(answer.body.decode("utf-8"))
        except ValueError:
            raise Failure(EXIT_UNREACHABLE, "%s did not answer with JSON: is %s the right address?"
                          % (self.name, self.base_url)) from None

    def try_once(self, request):
        """The timeout holds for the whole answer, also for one that trickles."""
        deadline = time.monotonic() + self.timeout_seconds
        try:
            with self.opener.open(request, timeout=self.timeout_seconds) as answer:
                return Answer(answer.status, answer.headers, read_all(answer, deadline))
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            is_unsent = isinstance(reason, (ConnectionRefusedError, socket.gaierror))
            text = str(reason) or type(reason).__name__
            return Answer(NOT_REACHED if is_unsent else LOST, {}, text.encode("utf-8"))

    def failure(self, method, answer):
        text = answer.body.decode("utf-8", "replace")
        if answer.status in (NOT_REACHED, LOST):
            message = "no answer from %s at %s: %s" % (self.name, self.base_url, text)
            if answer.status == LOST and method != "GET":
                message += "; it may have done it all the same, so look before you send it again"
            return Failure(EXIT_UNREACHABLE, self.masked(message))
        if answer.status < 400:
            target = answer.headers.get("Location", "elsewhere")
            return Failure(EXIT_UNREACHABLE, self.masked("%s redirects to %s: set the address to where it ends"
                                                         % (self.name, target)))
        code = EXIT_CODES.get(answer.status, EXIT_REFUSED if answer.status < 500 else EXIT_UNREACHABLE)
        asked = answer.headers.get("Retry-After")
        wait = " (try again after: %s)" % asked if asked and code == EXIT_UNREACHABLE else ""
        return Failure(code, self.masked("%s answered %d: %s%s" % (self.name, answer.status, describe(text), wait)))

    def masked(self, text):
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def read_all(answer, deadline):
    data = b""
    while True:
        part = answer.read1(65536)
        if not part:
            return data
        data += part
        if len(data) > ANSWER_BYTES_MAX:
            raise OSError("the answer is larger than %d bytes" % ANSWER_BYTES_MAX)
        if time.monotonic() > deadline:
            raise OSError("timed out")


def retry_delay(method, answer, default):
    """How long to wait before the next try; None when there must not be one."""
    if answer.status not in (GET_REPEATS if method == "GET" else SAFE_TO_REPEAT):
        return None
    asked = answer.headers.get("Retry-After")
    if not asked:
        return default
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(asked).timestamp() - time.time()
        except (TypeError, ValueError):
            seconds = default
    return max(seconds, 0.0) if seconds <= RETRY_AFTER_SECONDS_MAX else None


def describe(text):
    """What a service says about its error, in whichever of the usual shapes it says it."""
    try:
        problem = json.loads(text)
    except ValueError:
        problem = None
    if isinstance(problem, dict) and isinstance(problem.get("error"), dict):
        problem = problem["error"]
    if isinstance(problem, dict):
        text = next((str(problem[key]) for key in ("message", "error", "detail") if problem.get(key)), text)
    return " ".join(text.split())[:EXCERPT_LENGTH_MAX] or "no further information"


def setting(name, default=None):
    """A value from the environment; without a default it must be there."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise Failure(EXIT_FORBIDDEN, "%s is not set: see references/CONFIG.md" % name)
    return value


def key_setting(name, default=None):
    key = setting(name, default)
    if key and (not re.match(r"^[\x21-\x7e]+$", key) or "<" in key):
        raise Failure(EXIT_FORBIDDEN, "%s is a placeholder or damaged: see references/CONFIG.md" % name)
    return key


def seconds_setting(name, default):
    try:
        seconds = float(setting(name, str(default)))
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 3600.0:
        raise Failure(EXIT_USAGE, "%s must be a number of seconds, up to 3600" % name)
    return seconds


def address_setting(name, default=None):
    """An address without a password in it, and without TLS only where the network is one's own."""
    base_url = setting(name, default).rstrip("/")
    host = host_of(base_url)
    if host is None:
        raise Failure(EXIT_USAGE, "%s must look like https://host, without user, password or query" % name)
    if base_url.startswith("http://") and not is_local(host):
        raise Failure(EXIT_USAGE, "%s must begin with https://: the key would cross the network in clear" % name)
    return base_url


def host_of(base_url):
    try:
        address = urllib.parse.urlsplit(base_url)
    except ValueError:
        return None
    is_plain = address.scheme in ("http", "https") and not address.query and not address.fragment
    return address.hostname if is_plain and "@" not in address.netloc else None


def is_local(host):
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host


def run(main):
    """Runs `main`, which returns the text to print, and ends the program with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        print(main(), flush=True)
    except Failure as failure:
        print("error: %s" % failure, file=sys.stderr)
        sys.exit(failure.exit_code)


# --- End of HTTP --------------------------------------------------------------------------------

TOOLS = {"web": ("web_search",), "x": ("x_search",), "both": ("web_search", "x_search")}
DOMAINS_MAX = 5
HANDLES_MAX = 10
SOURCES_MAX = 30


def grok():
    key = key_setting("XAI_API_KEY")
    return Service(
        "xAI",
        address_setting("XAI_BASE_URL", "https://api.x.ai"),
        {"Authorization": "Bearer " + key},
        [key],
        seconds_setting("XAI_TIMEOUT_SECONDS", 180),
    )


def request_body(options):
    settings = {"web_search": {}}
    filters = {"allowed_domains": options.allow, "excluded_domains": options.exclude}
    filters = {name: domains for name, domains in filters.items() if domains}
    if filters:
        settings["web_search"]["filters"] = filters
    choices = {"allowed_x_handles": options.handle, "from_date": options.since, "to_date": options.until}
    settings["x_search"] = {name: value for name, value in choices.items() if value}
    return {
        "model": setting("GROK_MODEL", "grok-4.5"),
        "input": [{"role": "user", "content": options.question}],
        "tools": [dict(settings[name], type=name) for name in TOOLS[options.source]],
    }


def render(answer):
    """The text, then each source once."""
    contents = [
        content
        for item in answer["output"] if item.get("type") == "message"
        for content in item.get("content") or () if content.get("type") == "output_text"
    ]  # fmt: skip
    text = "\n".join(content["text"].strip() for content in contents).strip()
    if not text:
        reason = answer.get("incomplete_details") or answer.get("error") or answer.get("status")
        raise Failure(EXIT_REFUSED, "Grok gave no answer: %s" % (reason or "it gave no reason"))
    sources = sources_of(answer, contents)
    lines = [text, "", "Sources:" if sources else "Sources: none named"]
    shown = list(sources.items())[:SOURCES_MAX]
    lines += ["%d. %s" % (number, (url + " " + title).strip()) for number, (url, title) in enumerate(shown, 1)]
    if len(sources) > SOURCES_MAX:
        lines.append("… %d more" % (len(sources) - SOURCES_MAX))
    return "\n".join(lines)


def sources_of(answer, contents):
    """Address → title, first what the text cites, then what else was read."""
    cited = [note for content in contents for note in content.get("annotations") or ()]
    sources = {}
    for source in cited + list(answer.get("citations") or ()):
        url = source if isinstance(source, str) else source.get("url")
        title = "" if isinstance(source, str) else str(source.get("title") or "")
        if url:
            # Without inline citations the title is only the number of the note.
            sources.setdefault(url, "" if title.isdigit() else " ".join(title.split()))
    return sources


def build_parser():
    parser = argparse.ArgumentParser(prog="grok_search.py", description=__doc__.splitlines()[0])
    parser.add_argument("question")
    parser.add_argument("--source", choices=sorted(TOOLS), default="web", help="where to search (web)")
    parser.add_argument("--allow", action="append", metavar="DOMAIN",
                        help="only this domain; repeatable, at most %d" % DOMAINS_MAX)
    parser.add_argument("--exclude", action="append", metavar="DOMAIN",
                        help="not this domain; repeatable, at most %d" % DOMAINS_MAX)
    parser.add_argument("--handle", action="append", metavar="NAME",
                        help="only this X account; repeatable, at most %d" % HANDLES_MAX)
    parser.add_argument("--since", type=date, metavar="YYYY-MM-DD", help="X posts from this day on")
    parser.add_argument("--until", type=date, metavar="YYYY-MM-DD", help="X posts up to this day")
    parser.add_argument("--json", action="store_true", help="print the answer as it came")
    return parser


def date(text):
    return datetime.date.fromisoformat(text).isoformat()


def check(options):
    """What the service would refuse, or quietly not heed, is said before it costs anything."""
    searched = TOOLS[options.source]
    wrong = [
        (not options.question.strip(), "the question must not be empty"),
        (options.allow and options.exclude, "--allow and --exclude do not go together"),
        (max(len(options.allow or ()), len(options.exclude or ())) > DOMAINS_MAX,
         "at most %d domains can be named" % DOMAINS_MAX),
        (len(options.handle or ()) > HANDLES_MAX, "at most %d accounts can be named" % HANDLES_MAX),
        ((options.allow or options.exclude) and "web_search" not in searched, "domains need --source web or both"),
        ((options.handle or options.since or options.until) and "x_search" not in searched,
         "accounts and days need --source x or both"),
    ]
    messages = [message for is_wrong, message in wrong if is_wrong]
    if messages:
        raise Failure(EXIT_USAGE, "; ".join(messages))


def main():
    options = build_parser().parse_args()
    check(options)
    answer = grok().send_json("POST", "/v1/responses", request_body(options))
    if options.json:
        return json.dumps(answer, ensure_ascii=False)
    try:
        return render(answer)
    except (AttributeError, KeyError, TypeError) as error:
        raise Failure(EXIT_UNREACHABLE, "xAI answered in an unknown form (%r)" % error) from None


if __name__ == "__main__":
    run(main)
