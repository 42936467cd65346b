#!/usr/bin/env python3
"""Makes or changes a picture with a Gemini image model (generateContent) and writes it to a file.

One file, Python 3.8 or newer, standard library only. The key comes from the environment:
references/CONFIG.md. Each call costs money, so a call that may have been carried out is not repeated.
"""

import argparse
import base64
import collections
import email.utils
import http.client
import ipaddress
import json
import os
import re
import socket
import sys
import tempfile
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

ASPECT_RATIOS = ("1:1", "1:4", "1:8", "2:3", "3:2", "3:4", "4:1", "4:3", "4:5", "5:4", "8:1", "9:16", "16:9", "21:9")
SIZES = ("1K", "2K", "4K")
KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
IMAGES_MAX = 14
IMAGE_BYTES_MAX = 15 * 1024 * 1024


def gemini():
    key = key_setting("GEMINI_API_KEY")
    return Service(
        "Gemini",
        address_setting("GEMINI_BASE_URL", "https://generativelanguage.googleapis.com"),
        {"x-goog-api-key": key},
        [key],
        seconds_setting("GEMINI_TIMEOUT_SECONDS", 180),
    )


def request_body(options):
    parts = [{"text": options.prompt}] + [input_part(path) for path in options.image]
    config = {"responseModalities": ["TEXT", "IMAGE"]}
    image = {"aspectRatio": options.aspect_ratio, "imageSize": options.size}
    image = {name: value for name, value in image.items() if value}
    if image:
        config["imageConfig"] = image
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


def input_part(path):
    kind = KINDS.get(suffix_of(path))
    if kind is None:
        raise Failure(EXIT_USAGE, "%s must be a PNG, JPEG or WebP file" % path)
    try:
        with open(path, "rb") as stream:
            data = stream.read(IMAGE_BYTES_MAX + 1)
    except OSError as error:
        raise Failure(EXIT_USAGE, "cannot read %s: %s" % (path, error.strerror)) from None
    if not data or len(data) > IMAGE_BYTES_MAX:
        raise Failure(EXIT_USAGE, "%s must have 1 to %d bytes" % (path, IMAGE_BYTES_MAX))
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(data).decode("ascii")}}


def picture(answer):
    """Kind and bytes of the picture in the answer; drafts that the model thought of do not count."""
    candidate = next(iter(answer.get("candidates") or ()), {})
    parts = [part for part in (candidate.get("content") or {}).get("parts") or () if not part.get("thought")]
    for part in parts:
        inline = part.get("inlineData") or part.get("inline_data")
        if inline:
            kind = inline.get("mimeType") or inline.get("mime_type")
            return kind, base64.b64decode(inline["data"], validate=True)
    reasons = [(answer.get("promptFeedback") or {}).get("blockReason"), candidate.get("finishReason")]
    reasons += [candidate.get("finishMessage")] + [part.get("text") for part in parts]
    said = " ".join("; ".join(str(reason) for reason in reasons if reason).split())[:EXCERPT_LENGTH_MAX]
    raise Failure(EXIT_REFUSED, "Gemini made no picture: %s" % (said or "it gave no reason"))


def suffix_of(path):
    return os.path.splitext(path)[1].lower()


def target_of(options, kind):
    """The file to write: the suffix follows what the picture is."""
    suffix = next((suffix for suffix, known in KINDS.items() if known == kind), None)
    if suffix is None:
        raise Failure(EXIT_UNREACHABLE, "Gemini answered with an unknown kind of picture: %s" % kind)
    given = KINDS.get(suffix_of(options.out))
    if given == kind:
        return options.out
    return (os.path.splitext(options.out)[0] if given else options.out) + suffix


def refuse_to_overwrite(path, options):
    if os.path.exists(path) and not options.force:
        raise Failure(EXIT_USAGE, "%s exists: choose another name or add --force" % path)


def write(path, data):
    """Writes beside the target and renames it: a crash leaves no half a picture."""
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=".picture-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise Failure(EXIT_USAGE, "cannot write %s: %s" % (path, error.strerror)) from None


def build_parser():
    parser = argparse.ArgumentParser(prog="gemini_image.py", description=__doc__.splitlines()[0])
    parser.add_argument("prompt", help="what the picture shows")
    parser.add_argument("--out", required=True, metavar="FILE", help="where to write it; the suffix may change")
    parser.add_argument("--image", action="append", default=[], metavar="FILE",
                        help="a picture to change or to go by; repeatable, at most %d" % IMAGES_MAX)
    parser.add_argument("--aspect-ratio", choices=ASPECT_RATIOS, metavar="W:H", help=", ".join(ASPECT_RATIOS))
    parser.add_argument("--size", choices=SIZES, help="1K if not given; not every model knows the others")
    parser.add_argument("--force", action="store_true", help="overwrite the file")
    return parser


def main():
    options = build_parser().parse_args()
    if not options.prompt.strip() or len(options.image) > IMAGES_MAX:
        raise Failure(EXIT_USAGE, "a prompt and at most %d pictures are needed" % IMAGES_MAX)
    refuse_to_overwrite(options.out, options)
    if not os.path.isdir(os.path.dirname(os.path.abspath(options.out))):
        raise Failure(EXIT_USAGE, "the folder of %s does not exist" % options.out)
    model = urllib.parse.quote(setting("GEMINI_IMAGE_MODEL", "gemini-3.1-flash-image"), safe="")
    answer = gemini().send_json("POST", "/v1beta/models/%s:generateContent" % model, request_body(options))
    try:
        kind, data = picture(answer)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Failure(EXIT_UNREACHABLE, "Gemini answered in an unknown form (%r)" % error) from None
    path = target_of(options, kind)
    refuse_to_overwrite(path, options)
    write(path, data)
    return "%s %s %d bytes" % (path, kind, len(data))


if __name__ == "__main__":
    run(main)
