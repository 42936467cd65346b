"""A small HTTP client that checks each answer against the contract and notes it."""

import http.client
import json
import re
import urllib.parse

ABSENT = object()
INDEX = re.compile(r"\[\d+\]")
NOBODY = "00000000-0000-4000-8000-000000000000"


class Broken(Exception):
    """An answer that the rest of the case cannot go on with."""


class Reply:
    """An answer."""

    def __init__(self, status, headers, content, about):
        self.status, self.headers, self.about = status, headers, about
        self.text = content.decode("utf-8", "replace")

    def json(self):
        try:
            return json.loads(self.text)
        except ValueError:
            raise Broken(f"{self.about}: {self.status}, no JSON: {self.text[:200]!r}") from None


class Wire:
    """One kept connection."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        parts = urllib.parse.urlsplit(self.url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self.connection = kind(parts.netloc, timeout=60)

    def send(self, method, target, headers, content):
        """Sends once more if the server had closed a connection that lay idle."""
        for attempt in (1, 2):
            try:
                self.connection.request(method, target, body=content, headers=headers)
                answer = self.connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.connection.close()
                if attempt == 2:
                    raise


class Caller:
    """Somebody with a credential, or nobody."""

    def __init__(self, play, headers=None, **facts):
        self.play, self.headers = play, headers or {}
        self.id, self.name, self.role = (facts.get(key) for key in ("id", "name", "role"))
        self.key = facts.get("key")

    def send(self, method, target, body=ABSENT, headers=None, content=None):
        """Any request at all."""
        headers = {**self.headers, **(headers or {})}
        if body is not ABSENT:
            content = json.dumps(body).encode()
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        self.play.ledger.calls += 1
        about = f"{method} {target} as {self.name or 'nobody'}"
        if content:
            about += f" with {content[:200].decode('utf-8', 'replace')}"
        reply = Reply(*self.play.wire.send(method, target, headers, content), about)
        if reply.status >= 500:
            self.play.fail(f"{about}: {reply.status} {reply.text[:200]}")
        return reply

    def ask(self, name, *ids, query=None, body=ABSENT, headers=None):
        """Calls an operation of the contract; `ids` fill the places of its path."""
        operation = self.play.ledger.operations[name]
        target = operation.path
        for one in ids:
            start, end = target.index("{"), target.index("}") + 1
            target = target[:start] + urllib.parse.quote(str(one), safe="") + target[end:]
        if query:
            target += "?" + urllib.parse.urlencode(query)
        return self.send(operation.method, target, body=body, headers=headers)

    def ok(self, name, *ids, query=None, body=ABSENT, headers=None):
        """A right answer, of the contract's shape; the text of those that are text."""
        reply = self.ask(name, *ids, query=query, body=body, headers=headers)
        operation = self.play.ledger.operations[name]
        if reply.status != operation.status:
            raise Broken(f"{reply.about}: {reply.status} {reply.text[:300]}")
        self.play.ledger.answer(operation, query or {})
        if operation.answer == "text":
            kind = reply.headers.get("Content-Type", "")
            self.play.check(kind == "text/plain; charset=utf-8", f"{reply.about}: {kind}")
            return reply.text
        answer = reply.json()
        for mistake in self.play.shapes.mistakes(operation.answer, answer):
            self.play.fail(f"{name}: {INDEX.sub('[…]', mistake)}")
        return answer

    def refused(self, refusal, name, *ids, query=None, body=ABSENT, headers=None, field=None):
        """A documented refusal, as problem details that name the wrong field if there is one."""
        reply = self.ask(name, *ids, query=query, body=body, headers=headers)
        self.play.ledger.refusal(self.play.ledger.operations[name], refusal)
        return self.problem(reply, int(refusal.split()[0]), field)

    def problem(self, reply, status, field=None):
        """Checks that an answer is a refusal with this status."""
        if reply.status != status:
            self.play.fail(f"{reply.about}: {reply.status}, not {status}: {reply.text[:200]}")
            return {}
        problem = reply.json()
        kind = reply.headers.get("Content-Type", "")
        whole = problem.get("status") == status and all(
            isinstance(problem.get(key), str) and problem[key]
            for key in ("type", "title", "detail", "code")
        )
        self.play.check(kind == "application/problem+json" and whole, f"{reply.about}: {problem}")
        fields = [error["field"] for error in problem.get("errors", [])]
        self.play.check(
            bool(fields) == (status == 422 and problem["code"] == "invalid_fields"),
            f"{reply.about}: errors {fields}",
        )
        if field is not None:
            named = any(one == field or one.endswith("." + field) for one in fields)
            self.play.check(named, f"{reply.about}: names {fields}, not {field}")
        return problem
