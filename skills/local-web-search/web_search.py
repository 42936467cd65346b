#!/usr/bin/env python3
"""Searches the web through a SearXNG-compatible gateway of one's own and prints titles, addresses and excerpts.

One file, Python 3.8 or newer, standard library only. The address, and a key if the gateway wants
one, come from the environment: references/CONFIG.md.
"""

import argparse
import collections
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

TIME_RANGES = ("day", "week", "month", "year")
EXCERPT_WORDS_MAX = 60
ROWS_MAX = 50


def gateway():
    key = key_setting("SEARCH_GATEWAY_KEY", "")
    return Service(
        "the search gateway",
        address_setting("SEARCH_GATEWAY_URL", "http://127.0.0.1:8080"),
        {"Authorization": "Bearer " + key} if key else {},
        [key],
        seconds_setting("SEARCH_GATEWAY_TIMEOUT_SECONDS", 30),
    )


def path_of(options):
    query = {
        "q": options.query,
        "format": "json",
        "pageno": options.page,
        "categories": ",".join(options.category),
        "engines": ",".join(options.engine),
        "language": options.language,
        "time_range": options.since,
    }
    return "/search?" + urllib.parse.urlencode({name: value for name, value in query.items() if value})


def search(options):
    try:
        return gateway().send_json("GET", path_of(options))
    except Failure as failure:
        if " 403" not in str(failure):
            raise
        hint = "SearXNG answers so, too, when `json` is missing in search.formats of its settings"
        raise Failure(failure.exit_code, "%s (%s)" % (failure, hint)) from None


def render(answer, options):
    lines = ["answer: " + one_line(text_of(each)) for each in answer.get("answers") or ()]
    results = answer["results"]
    for number, result in enumerate(results[:options.limit], 1):
        day = str(result.get("publishedDate") or "")[:10]
        lines.append("%d. %s" % (number, one_line(result.get("title")) or "(no title)"))
        lines.append("   " + " ".join(filter(None, (result["url"], day))))
        excerpt = one_line(result.get("content"), EXCERPT_WORDS_MAX)
        if excerpt:
            lines.append("   " + excerpt)
    if len(results) > options.limit:
        lines.append("… %d more: --limit %d" % (len(results) - options.limit, min(len(results), ROWS_MAX)))
    return "\n".join(lines) or nothing(answer)


def nothing(answer):
    """No result of engines that did not answer is a failure of the gateway, not an answer."""
    silent = [one_line(" ".join(str(part) for part in each) if isinstance(each, list) else each)
              for each in answer.get("unresponsive_engines") or ()]  # fmt: skip
    if silent:
        raise Failure(EXIT_UNREACHABLE, "no results, and these engines did not answer: %s" % ", ".join(silent))
    suggestions = [one_line(each) for each in answer.get("suggestions") or ()]
    return "none" + (" (try: %s)" % ", ".join(suggestions) if suggestions else "")


def text_of(answer):
    return answer.get("answer") if isinstance(answer, dict) else answer


def one_line(value, words_max=None):
    words = str(value or "").split()
    is_cut = words_max is not None and len(words) > words_max
    return " ".join(words[:words_max]) + (" …" if is_cut else "")


def number(text, at_most):
    value = int(text)
    if not 1 <= value <= at_most:
        raise ValueError(text)
    return value


def rows(text):
    return number(text, ROWS_MAX)


def page(text):
    return number(text, 100)


def build_parser():
    parser = argparse.ArgumentParser(prog="web_search.py", description=__doc__.splitlines()[0])
    parser.add_argument("query")
    parser.add_argument("--limit", type=rows, default=8, help="rows, 1 to %d (8)" % ROWS_MAX)
    parser.add_argument("--page", type=page, default=1, help="page of the gateway, from 1")
    parser.add_argument("--since", choices=TIME_RANGES, help="not older than this")
    parser.add_argument("--language", help="such as en, de or zh-CN")
    parser.add_argument("--category", action="append", default=[], help="such as news, science or it; repeatable")
    parser.add_argument("--engine", action="append", default=[], help="only this engine; repeatable")
    parser.add_argument("--json", action="store_true", help="print the answer as it came")
    return parser


def main():
    options = build_parser().parse_args()
    if not options.query.strip():
        raise Failure(EXIT_USAGE, "the query must not be empty")
    answer = search(options)
    if options.json:
        return json.dumps(answer, ensure_ascii=False)
    try:
        return render(answer, options)
    except (AttributeError, KeyError, TypeError) as error:
        raise Failure(EXIT_UNREACHABLE, "the search gateway answered in an unknown form (%r)" % error) from None


if __name__ == "__main__":
    run(main)
