"""What the contract says: operations, shapes, callers, refusals, and where ours differs."""

import json
import re
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CONTRACT = HERE.parent.parent / "crates" / "http" / "tests" / "contract"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

Operation = namedtuple("Operation", "name method path query body answer status callers refusals")
Refusal = namedtuple("Refusal", "name status only_ours")

ROLES = ("planner", "executor", "reviewer", "patrol")


def lines(path):
    """The lines of a file that say something."""
    text = path.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _refusals(text):
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name = part.lstrip("!")
        yield Refusal(name, int(name.split()[0]), part.startswith("!"))


def operations():
    """Every operation by its name; both sources must name the same ones."""
    facts = json.loads((CONTRACT / "upstream.json").read_text(encoding="utf-8"))["operations"]
    rows = {}
    for line in lines(HERE / "operations.txt"):
        name, callers, refusals = (part.strip() for part in line.split("|"))
        rows[name] = (callers.split(), list(_refusals(refusals)))
    if set(rows) != set(facts):
        raise SystemExit(f"operations.txt and upstream.json differ: {set(rows) ^ set(facts)}")
    found = {}
    for name, fact in facts.items():
        method, path = name.split(" ")
        query = {key.rstrip("!"): kind for key, kind in fact.get("query", {}).items()}
        body, status = fact.get("body"), fact.get("status", 200)
        found[name] = Operation(
            name, method, path, query, body, fact["answer"], status, *rows[name]
        )
    return found


class Shapes:
    """Compares answers with the contract's shapes, field by field."""

    def __init__(self):
        path = CONTRACT / "upstream.json"
        self.shapes = json.loads(path.read_text(encoding="utf-8"))["shapes"]
        self.ours, self.nullable = set(), set()
        for line in lines(CONTRACT / "differences.txt"):
            place = line.split(": ")[0]
            field = place.split(" ")[0].split(".")[-1]
            if place.endswith(" is ours"):
                self.ours.add(field)
            if place.endswith(" may be null"):
                self.nullable.add(field)
        self.seen = set()

    def mistakes(self, kind, value, place="answer"):
        """Where `value` is not what the contract says."""
        if isinstance(kind, dict):
            return list(self._object(kind, value, place))
        choices = kind.split("|")
        if value is None:
            allowed = "null" in choices or place.split(".")[-1] in self.nullable
            return [] if allowed else [f"{place} is null"]
        found = [self._one(choice, value, place) for choice in choices if choice != "null"]
        return min(found, key=len) if found else [f"{place} is not null"]

    def _one(self, kind, value, place):
        if kind.endswith("[]"):
            if not isinstance(value, list):
                return [f"{place} is no list"]
            found = []
            for index, item in enumerate(value):
                found += self.mistakes(kind[:-2], item, f"{place}[{index}]")
            return found
        if kind.startswith("#"):
            self.seen.add(kind[1:])
            return list(self._object(self.shapes[kind[1:]], value, place))
        whole = isinstance(value, int) and not isinstance(value, bool)
        fits = {
            "string": isinstance(value, str),
            "integer": whole,
            "number": whole or isinstance(value, float),
            "boolean": isinstance(value, bool),
            "object": isinstance(value, dict),
            "time": isinstance(value, str) and bool(TIME.match(value)),
        }
        return [] if fits[kind] else [f"{place} is no {kind}: {value!r:.80}"]

    def _object(self, shape, value, place):
        if not isinstance(value, dict):
            yield f"{place} is no object: {value!r:.80}"
            return
        for key, kind in shape.items():
            if key not in value:
                yield f"{place}.{key} is missing"
            else:
                yield from self.mistakes(kind, value[key], f"{place}.{key}")
        for key in value:
            if key not in shape and key not in self.ours:
                yield f"{place}.{key} is not in the contract"


def differences():
    """The names of the differences that are right, each with what ours does."""
    return dict(line.split(": ", 1) for line in lines(HERE / "differences.txt"))
