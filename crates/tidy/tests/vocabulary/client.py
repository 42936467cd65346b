"""Asks task-cli.py about commands: reads [{text, typed}] on stdin, prints [{errors, values}]."""

import contextlib
import importlib.util
import io
import json
import os
import re
import shlex
import sys
import tempfile

# What may stand before a command in a shell line.
SHELL_WORDS = ("{", "}", "!", "if", "then", "do", "while", "exec", "time")
# Which closed list of the server an argument belongs to.
LISTS = {
    ("st", "status"): "sub-task status",
    ("task", "status"): "task status",
    ("agents", "status"): "agent status",
    ("agents", "role"): "role",
    ("log", "action"): "log action",
}


def main(path):
    """`path` is the client. Files that commands name are made in a folder of their own."""
    specification = importlib.util.spec_from_file_location("task_cli", path)
    client = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(client)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        asked = json.load(sys.stdin)
        parser = client.build_parser()
        answers = [typed(parser, each["text"]) if each["typed"] else usage(client, each["text"]) for each in asked]
        json.dump(answers, sys.stdout)
        os.chdir("/")


def typed(parser, line):
    """Each call of the client in a shell line is parsed by the client."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    answer = {"errors": [], "values": []}
    try:
        words = list(lexer)
    except ValueError as error:
        return {"errors": [str(error)], "values": []}
    for call in calls_in(words):
        parse(parser, call, answer)
    return answer


def calls_in(words):
    call = []
    for word in words + [";"]:
        if re.match(r"^[();<>|&]+$", word):
            arguments = arguments_of(call)
            if arguments is not None and "$@" not in arguments:
                yield arguments
            call = []
        else:
            call.append(word)


def arguments_of(call):
    """What follows `cli` or `python3 …/task-cli.py`; None for other programs and for the definition of `cli`."""
    words = list(call)
    while words and (words[0] in SHELL_WORDS or re.match(r"^\w+=", words[0])):
        words.pop(0)
    if words[:1] == ["cli"] and len(words) > 1:
        return words[1:]
    if words[:1] == ["python3"] and words[1:2] and os.path.basename(words[1]) == "task-cli.py":
        return words[2:]
    return None


def parse(parser, arguments, answer):
    if re.match(r"^[A-Z]+$", arguments[0]):  # `task-cli.py COMMAND` is no command.
        return
    for word in arguments:
        if re.match(r"^[\w-]+\.(md|json)$", word):
            with open(word, "w", encoding="utf-8") as stream:
                stream.write('{"modules": []}')
    error = io.StringIO()
    try:
        with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
            options = parser.parse_args(arguments)
    except SystemExit as end:
        if end.code:
            answer["errors"].append(" ".join(error.getvalue().split("error:")[-1].split()))
        return
    group = options.command.name.split()[0] if options.command else ""
    for field in ("status", "action", "role"):
        value = getattr(options, field, None)
        if value and (group, field) in LISTS:
            answer["values"].append([LISTS[group, field], value])


def usage(client, text):
    """Inline code such as `st block S --kind K`: the command and its options must exist."""
    words = text.split()
    names = {command.name: command for command in client.COMMANDS}
    command = names.get(" ".join(words[:2])) or names.get(" ".join(words[:1]))
    is_of_group = len(words) > 1 and words[0] in client.GROUPS and re.match(r"^[a-z-]+$", words[1])
    if command is None and not is_of_group:
        return {"errors": [], "values": []}
    if command is None:
        return {"errors": ["no such command"], "values": []}
    known = {"--key", "--base-url", "--json", "--help"}
    known.update(flag for argument in command.arguments for flag in argument.flags if flag)
    options = [word.strip("[]") for word in words if word.strip("[]").startswith("--")]
    return {"errors": ["no option %s" % option for option in options if option not in known], "values": []}


if __name__ == "__main__":
    main(sys.argv[1])
