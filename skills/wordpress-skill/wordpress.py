#!/usr/bin/env python3
"""Publishes to a WordPress site through its REST API (wp/v2), signed in with an application password.

One file, Python 3.8 or newer, standard library only. Address, user and password come from the
environment: references/CONFIG.md. Posts are drafts unless another status is asked for.
"""

import argparse
import base64
import collections
import email.utils
import html
import http.client
import ipaddress
import json
import mimetypes
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

POST_STATUSES = ("draft", "pending", "private", "publish")
FILE_BYTES_MAX = 64 * 1024 * 1024
ROWS_MAX = 100
mimetypes.add_type("image/webp", ".webp")  # Older Pythons do not know it.


def site():
    base_url = address_setting("WORDPRESS_URL")
    user = setting("WORDPRESS_USER")
    password = setting("WORDPRESS_APP_PASSWORD")
    credentials = base64.b64encode(("%s:%s" % (user, password)).encode("utf-8")).decode("ascii")
    return Service(
        "WordPress",
        base_url,
        {"Authorization": "Basic " + credentials},
        [password, password.replace(" ", ""), credentials],
        seconds_setting("WORDPRESS_TIMEOUT_SECONDS", 60),
    )


def api(path, **query):
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return "/wp-json/wp/v2/" + path + ("?" + urllib.parse.urlencode(given) if given else "")


def read_bytes(path):
    try:
        with (sys.stdin.buffer if path == "-" else open(path, "rb")) as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Failure(EXIT_USAGE, "cannot read %s: %s" % (path, error.strerror)) from None
    if not data or len(data) > FILE_BYTES_MAX:
        raise Failure(EXIT_USAGE, "%s must have 1 to %d bytes" % (path, FILE_BYTES_MAX))
    return data


def read_text(path):
    try:
        return read_bytes(path).decode("utf-8-sig")
    except ValueError:
        raise Failure(EXIT_USAGE, "%s is not UTF-8 text" % path) from None


# --- What it can do -----------------------------------------------------------------------------


def check(wordpress, options):
    user = wordpress.send_json("GET", api("users/me", context="edit"))
    allowed = [right for right in ("edit_posts", "publish_posts", "upload_files") if user["capabilities"].get(right)]
    return "%s (%s): %s" % (user["name"], ", ".join(user["roles"]), ", ".join(allowed) or "may not write posts")


def terms(wordpress, options):
    found = wordpress.send_json("GET", api(options.kind, search=options.search, per_page=ROWS_MAX))
    return "\n".join("%d %s" % (term["id"], html.unescape(term["name"])) for term in found) or "none"


def term_id(wordpress, kind, given):
    """An id as it is; a name as the id of the one term that has it. WordPress searches in names whose
    special characters are escaped, so it is asked for the longest part without any."""
    if given.isdigit():
        return int(given)
    part = max(re.split("[&<>'\"]", given), key=len).strip()
    found = wordpress.send_json("GET", api(kind, search=part, per_page=ROWS_MAX))
    same = [term["id"] for term in found if html.unescape(term["name"]).casefold() == given.casefold()]
    if len(same) != 1:
        raise Failure(EXIT_NOT_FOUND, "%d of the %s are called %r: use an id" % (len(same), kind, given))
    return same[0]


def upload(wordpress, options):
    """Title and alternative text go along in the query, so that one request does it or nothing is done."""
    data = read_bytes(options.file)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", os.path.basename(options.file)).strip("-.") or "file"
    kind = mimetypes.guess_type(name)[0]
    if kind is None:
        raise Failure(EXIT_USAGE, "the name %s does not say what kind of file it is: add a suffix such as .png" % name)
    headers = {"Content-Type": kind, "Content-Disposition": 'attachment; filename="%s"' % name}
    made = wordpress.send("POST", api("media", title=options.title, alt_text=options.alt), data, headers)
    return "%d %s" % (made["id"], made["source_url"])


def post_body(wordpress, options):
    body = {}
    for field in ("title", "excerpt", "slug", "status"):
        if getattr(options, field) is not None:
            body[field] = getattr(options, field)
    if options.content_file is not None:
        body["content"] = read_text(options.content_file)
    if options.featured_media is not None:
        body["featured_media"] = options.featured_media
    for kind in ("categories", "tags"):
        if getattr(options, kind):
            body[kind] = [term_id(wordpress, kind, given) for given in getattr(options, kind)]
    return body


def create(wordpress, options):
    return post_line(wordpress.send_json("POST", api("posts"), post_body(wordpress, options)))


def update(wordpress, options):
    body = post_body(wordpress, options)
    if not body:
        raise Failure(EXIT_USAGE, "nothing to change: name at least one option")
    return post_line(wordpress.send_json("POST", api("posts/%d" % options.id), body))


def show(wordpress, options):
    post = wordpress.send_json("GET", api("posts/%d" % options.id, context="edit"))
    return post_line(post) + "\n\n" + post["content"]["raw"]


def list_posts(wordpress, options):
    found = wordpress.send_json(
        "GET", api("posts", search=options.search, slug=options.slug, status=options.status, per_page=options.limit)
    )
    return "\n".join(post_line(post) for post in found) or "none"


def post_line(post):
    title = post["title"].get("raw") or post["title"].get("rendered") or ""
    return "%d [%s] %s %s" % (post["id"], post["status"], post["link"], " ".join(html.unescape(title).split()))


# --- Command line -------------------------------------------------------------------------------


def rows(text):
    number = int(text)
    if not 1 <= number <= ROWS_MAX:
        raise ValueError(text)
    return number


def add_post_options(parser, is_new):
    parser.add_argument("--title", required=is_new)
    parser.add_argument("--content-file", required=is_new, metavar="FILE", help="HTML; - is stdin")
    parser.add_argument("--status", choices=POST_STATUSES, default="draft" if is_new else None)
    parser.add_argument("--excerpt")
    parser.add_argument("--slug", help="last part of the address")
    parser.add_argument("--featured-media", type=int, metavar="ID", help="id of an uploaded picture")
    parser.add_argument("--category", dest="categories", action="append", metavar="ID|NAME", help="repeatable")
    parser.add_argument("--tag", dest="tags", action="append", metavar="ID|NAME", help="repeatable")


def build_parser():
    parser = argparse.ArgumentParser(prog="wordpress.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(metavar="command", dest="command")
    commands.required = True

    def add(name, function, text):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(function=function)
        return command

    add("check", check, "who you are there, and what you may do")
    for kind in ("categories", "tags"):
        command = add(kind, terms, "list the %s: id and name" % kind)
        command.set_defaults(kind=kind)
        command.add_argument("--search")
    command = add("upload", upload, "upload a file; prints its id and address")
    command.add_argument("file")
    command.add_argument("--title")
    command.add_argument("--alt", help="alternative text of a picture")
    add_post_options(add("create", create, "create a post, as a draft unless --status says otherwise"), True)
    command = add("update", update, "change a post; what is not named stays")
    command.add_argument("id", type=int)
    add_post_options(command, False)
    add("show", show, "one post with its text").add_argument("id", type=int)
    command = add("list", list_posts, "list posts, newest first")
    command.add_argument("--search")
    command.add_argument("--slug")
    command.add_argument("--status", default="draft,pending,private,publish,future", help="several joined by commas")
    command.add_argument("--limit", type=rows, default=20, help="1 to %d" % ROWS_MAX)
    return parser


def main():
    options = build_parser().parse_args()
    try:
        return options.function(site(), options)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Failure(EXIT_UNREACHABLE, "WordPress answered in an unknown form (%r)" % error) from None


if __name__ == "__main__":
    run(main)
