"""Starts the program on a fresh database, and stops it."""

import json
import os
import re
import subprocess
import tempfile
import threading
from contextlib import contextmanager

PASSWORD = "the first password"
READY = re.compile(r"ready at (http://\S+)")


@contextmanager
def running(program, database, seconds=60):
    """The address of a server with a password, not yet set up."""
    with tempfile.TemporaryDirectory(prefix="openmoss-play-") as place:
        config = os.path.join(place, "config.yaml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump(
                {
                    "admin": {"password": PASSWORD},
                    "server": {"host": "127.0.0.1", "port": 0},
                    "database": {"path": os.path.join(place, "tasks.db")},
                    "content": {"root": place},
                },
                file,
            )
        command = [os.path.abspath(program), "--config", config]
        command += ["--database", database] if database else []
        path = os.path.join(place, "log")
        with open(path, "w+", encoding="utf-8") as log, subprocess.Popen(
            command, cwd=place, stdout=subprocess.PIPE, stderr=log, universal_newlines=True
        ) as server:
            late = threading.Timer(seconds, server.kill)
            late.start()
            try:
                url = None
                for line in server.stdout:
                    found = READY.search(line)
                    if found:
                        url = found.group(1)
                        break
                late.cancel()
                if url is None:
                    log.seek(0)
                    raise SystemExit("the server did not start:\n" + log.read()[-4000:])
                yield url
            finally:
                late.cancel()
                server.terminate()
                try:
                    server.wait(30)
                except subprocess.TimeoutExpired:
                    server.kill()
