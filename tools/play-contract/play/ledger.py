"""What was played, and what of the contract was not."""

from play import contract

INTEGER = "integer"


class Ledger:
    """Notes each call; at the end it knows what is missing."""

    def __init__(self):
        self.operations = contract.operations()
        self.differences = contract.differences()
        self.answered, self.parameters, self.wrong_parameters = set(), set(), set()
        self.refused, self.relied_on, self.calls = set(), set(), 0

    def answer(self, operation, query):
        """A right answer to a call with these parameters."""
        self.answered.add(operation.name)
        self.parameters |= {(operation.name, key) for key in query if key in operation.query}

    def refusal(self, operation, name):
        """A documented refusal was produced."""
        if name not in {refusal.name for refusal in operation.refusals}:
            raise KeyError(f"operations.txt does not have {operation.name}: {name}")
        self.refused.add((operation.name, name))

    def wrong_parameter(self, operation, key):
        """A bad value of a parameter was refused."""
        self.wrong_parameters.add((operation.name, key))

    def rely_on(self, difference):
        """A check holds because ours differs."""
        if difference not in self.differences:
            raise KeyError(f"differences.txt does not have {difference}")
        self.relied_on.add(difference)

    def missing(self, started):
        """What nobody played, as sentences."""
        for operation in self.operations.values():
            done_before = operation.path.endswith("/setup/initialize") and not started
            if operation.name not in self.answered and not done_before:
                yield f"{operation.name} never answered"
            for key, kind in operation.query.items():
                if (operation.name, key) not in self.parameters:
                    yield f"{operation.name} was never asked with {key}"
                typed = kind.split("|")[0] == INTEGER
                if typed and (operation.name, key) not in self.wrong_parameters:
                    yield f"{operation.name} never refused a bad {key}"
            for refusal in operation.refusals:
                needed = started or not refusal.only_ours
                if needed and (operation.name, refusal.name) not in self.refused:
                    yield f"{operation.name} never refused: {refusal.name}"
        for name in self.differences:
            if name not in self.relied_on and (started or name != "setup"):
                yield f"no check relies on the difference: {name}"

    def table(self):
        """What was played, in numbers."""
        every = self.operations.values()
        parameters = sum(len(operation.query) for operation in every)
        refusals = sum(len(operation.refusals) for operation in every)
        asked = self.answered | {name for name, _ in self.refused}
        rows = [
            ("operations", len(asked), len(self.operations)),
            ("query parameters", len(self.parameters), parameters),
            ("bad parameters", len(self.wrong_parameters), ""),
            ("documented refusals", len(self.refused), refusals),
            ("differences relied on", len(self.relied_on), len(self.differences)),
            ("calls", self.calls, ""),
        ]
        for name, count, whole in rows:
            yield f"{name:24}{count:6}" + (f" of {whole}" if whole else "")
        for name in sorted(self.relied_on):
            yield f"  {name}: {self.differences[name]}"
