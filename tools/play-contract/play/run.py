"""From the command line to the table at the end."""

import argparse
from contextlib import contextmanager

from play import server
from play.parts import (
    admin_agents,
    admin_logs,
    admin_reviews,
    admin_scores,
    admin_work,
    agents,
    bad_parameters,
    configuration,
    credentials,
    dashboard,
    edges,
    feed,
    logs,
    prompts,
    reviews,
    rules,
    scores,
    setup,
    states,
    sub_tasks,
    tasks,
    webui,
)
from play.play import Play
from play.world import World

# The order matters: setup first; what counts everything or deletes comes last.
PARTS = [
    credentials,
    agents,
    tasks,
    sub_tasks,
    states,
    reviews,
    scores,
    logs,
    rules,
    admin_work,
    admin_reviews,
    admin_scores,
    admin_logs,
    prompts,
    webui,
    configuration,
    feed,
    dashboard,
    admin_agents,
    bad_parameters,
    edges,
]


def arguments(about):
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="a running server; its data grows and its settings change")
    parser.add_argument("--admin-password", help="of the server at --url")
    parser.add_argument("--registration-token", help="of the server at --url")
    parser.add_argument("--openmoss", help="the program, to be started and stopped")
    parser.add_argument("--database", help="for --openmoss: an empty one, instead of a new file")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PART",
        help="only this part, without asking whether everything was played",
    )
    asked = parser.parse_args()
    if bool(asked.url) == bool(asked.openmoss):
        parser.error("either --url or --openmoss")
    if asked.url and not (asked.admin_password and asked.registration_token):
        parser.error("--url needs --admin-password and --registration-token")
    return asked


@contextmanager
def stage(asked):
    """A play at a server that is set up, with an admin logged in."""
    if asked.url:
        play = Play(asked.url, asked.admin_password, asked.registration_token, started=False)
        yield play
        return
    with server.running(asked.openmoss, asked.database) as url:
        play = Play(url, server.PASSWORD, None, started=True)
        yield play


def cases(part):
    """The cases of a part, in the order in which they are written."""
    named = [one for name, one in vars(part).items() if name.startswith("case_")]
    return sorted(named, key=lambda case: case.__code__.co_firstlineno)


def perform(play, only):
    """Everything, or the parts that are asked for."""
    for case in cases(setup):
        play.act(f"setup: {case.__doc__ or case.__name__}", case)
    play.admin = play.log_in()
    play.world = World(play)
    for part in PARTS:
        name = part.__name__.split(".")[-1]
        if not only or name in only:
            for case in cases(part):
                play.act(f"{name}.{case.__name__}", case)


def main(about):
    asked = arguments(about)
    with stage(asked) as play:
        perform(play, asked.only)
    if not asked.only:
        play.scene = "not played"
        for missing in play.ledger.missing(play.started):
            play.fail(missing)
    print("\n".join(play.ledger.table()))
    for failure in dict.fromkeys(play.failures):
        print(f"FAILED {failure}")
    print(f"{len(play.failures)} failures" if play.failures else "The contract holds.")
    return 1 if play.failures else 0
