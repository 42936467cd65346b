#!/bin/sh
# Connects an agent to OpenMOSS on this machine. The dashboard makes the command that runs this.
#
#   1. asks the server what the token is for
#   2. looks whether something is in the way: what this script did not write is never overwritten
#   3. gets the agent's key (that uses the token up), and writes the agent's files
#   4. adds what the runtime needs: MCP server, environment, hook; and the timer
#   5. calls the server as the agent
#
# Until 3 nothing is changed anywhere. Running a new command again brings everything up to date.
#
#   OPENMOSS_ONBOARDING_TOKEN   from the dashboard; good once, for an hour
#   OPENMOSS_DIR                the agent's folder; else ~/openmoss/NAME, and OpenClaw's workspace
#   OPENMOSS_NO_TIMER=1         leaves the crontab alone
#
# Needs python3, 3.8 or newer, and nothing else. All of it is one function, so that half a download does nothing.
set -eu
umask 077

main() {
  if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then
    echo "openmoss: python3, 3.8 or newer, is needed; install it and run the command again" >&2
    return 1
  fi
  OPENMOSS_URL=@BASE_URL@ python3 - <<'PYTHON'
import io
import json
import os
import pathlib
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile

URL = os.environ["OPENMOSS_URL"]
TOKEN = os.environ.pop("OPENMOSS_ONBOARDING_TOKEN", "").strip()
TIMEOUT_SECONDS = 30
HOME = pathlib.Path.home()

SKILL_FOLDERS = {"openclaw": "skills", "claude_code": ".claude/skills", "codex": ".agents/skills", "shell": "skills"}

WAKE = '''\
#!/usr/bin/env python3
"""Wakes the agent if there is work for it. Written by OpenMOSS; what it starts is in run.sh, which is yours.

Run it by a timer. It asks the server first, so that no model is woken for nothing, and never runs twice at once.
"""
import fcntl
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
lock = open(HERE / "running", "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(0)
for line in (HERE / "env").read_text(encoding="utf-8").splitlines():
    name, _, value = line.partition("=")
    os.environ[name] = value
request = urllib.request.Request(os.environ["OPENMOSS_URL"] + "/api/agents/me/has-work")
request.add_header("Authorization", "Bearer " + os.environ["OPENMOSS_KEY"])
try:
    with urllib.request.urlopen(request, timeout=30) as answer:
        has_work = json.load(answer)["has_work"]
except urllib.error.HTTPError as error:
    if error.code != 404:
        sys.exit("openmoss: the server answered with status %d" % error.code)
    # A server that cannot say so may have work.
    has_work = True
except OSError as error:
    sys.exit("openmoss: the server cannot be reached: %s" % error)
if not has_work and "--anyway" not in sys.argv:
    sys.exit(0)
# The lock lasts as long as the run, because it is handed on to it.
os.set_inheritable(lock.fileno(), True)
os.environ["PATH"] = @PATH@
os.chdir(HERE.parent)
os.execv("/bin/sh", ["sh", str(HERE / "run.sh")])
'''


class Refusal(Exception):
    """What went wrong, in words for whoever ran the command."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token or key goes to the server that was named, and nowhere else."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect())


def call(path, headers, method="GET"):
    """The body of the answer."""
    request = urllib.request.Request(URL + path, headers={"User-Agent": "openmoss-onboard", **headers}, method=method)
    try:
        with OPENER.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        try:
            detail = json.loads(error.read())["detail"]
        except (ValueError, KeyError, TypeError):
            detail = "the server answered with status %d" % error.code
        raise Refusal(detail) from None
    except OSError as error:
        raise Refusal("%s cannot be reached from here: %s" % (URL, getattr(error, "reason", error))) from None


def exists(path):
    """Whether the server knows this path, whatever it thinks of the caller."""
    try:
        OPENER.open(urllib.request.Request(URL + path), timeout=TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError as error:
        return error.code != 404
    except OSError:
        return False
    return True


class Place:
    """The agent's folder, and what of it is ours."""

    def __init__(self, folder, agent):
        self.folder = folder
        self.own = folder / ".openmoss"
        self.agent = agent
        self.list = self.own / "installed.json"
        try:
            known = json.loads(self.list.read_text(encoding="utf-8"))
        except FileNotFoundError:
            known = {"agent_id": agent["id"], "files": [], "entries": []}
        if known["agent_id"] != agent["id"]:
            raise Refusal("%s belongs to another agent, %s; choose another folder with OPENMOSS_DIR" % (folder, known.get("name")))
        self.files, self.entries = set(known["files"]), set(known["entries"])
        self.fresh = []

    def is_ours(self, path):
        return str(path.relative_to(self.folder)) in self.files

    def in_the_way(self, path):
        """Whether something is there that somebody else wrote."""
        return (path.exists() or path.is_symlink()) and not self.is_ours(path)

    def write(self, path, content, mode=0o600):
        """Puts a file in its place whole, or not at all."""
        data = content.encode() if isinstance(content, str) else content
        replace(path, data, mode)
        name = str(path.relative_to(self.folder))
        self.files.add(name)
        self.fresh.append(name)

    def remember(self):
        known = {"agent_id": self.agent["id"], "name": self.agent["name"], "files": sorted(self.files), "entries": sorted(self.entries)}
        replace(self.list, (json.dumps(known, indent=2, ensure_ascii=False) + "\n").encode(), 0o600)


def replace(path, data, mode):
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=str(path.parent), prefix="." + path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
        os.replace(temporary, str(path))
    except BaseException:
        os.unlink(temporary)
        raise


def slug_of(agent):
    """The agent's name as part of a path."""
    slug = re.sub(r"[^a-z0-9]+", "-", agent["name"].lower()).strip("-")
    return slug or agent["id"][:8]


def openclaw_config():
    state = pathlib.Path(os.environ.get("OPENCLAW_STATE_DIR") or HOME / ".openclaw")
    return pathlib.Path(os.environ.get("OPENCLAW_CONFIG_PATH") or state / "openclaw.json")


def folder_for(plan):
    chosen = os.environ.get("OPENMOSS_DIR", "")
    if chosen:
        return pathlib.Path(chosen).expanduser().absolute()
    if plan["runtime"] == "openclaw":
        return openclaw_config().parent / "workspace"
    return HOME / "openmoss" / slug_of(plan["agent"])


def read_json(path):
    """The object in the file, an empty one for no file, or None where it is no plain JSON."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class Entries:
    """Values of ours in a JSON file that belongs to somebody else."""

    def __init__(self, place, path):
        # A link to where somebody keeps the file stays a link.
        self.place, self.path = place, pathlib.Path(os.path.realpath(str(path)))
        self.value = read_json(self.path)
        self.by_hand = []

    def name(self, keys):
        return "%s#%s" % (self.path, ".".join(keys))

    def in_the_way(self, keys):
        value = self.value
        for key in keys:
            if value is None:
                return False
            if not isinstance(value, dict):
                return True
            value = value.get(key)
        return value is not None and self.name(keys) not in self.place.entries

    def set(self, keys, value):
        if self.value is None:
            self.by_hand.append((keys, value))
            return
        target = self.value
        for key in keys[:-1]:
            if target.get(key) is None:
                target[key] = {}
            target = target[key]
        target[keys[-1]] = value
        self.place.entries.add(self.name(keys))

    def save(self):
        if self.value is not None:
            mode = (self.path.stat().st_mode & 0o777) if self.path.exists() else 0o600
            # It holds the key now, so nobody else may read it.
            replace(self.path, (json.dumps(self.value, indent=2, ensure_ascii=False) + "\n").encode(), mode & 0o700)


class Setup:
    """One agent on this machine."""

    def __init__(self, plan):
        self.plan = plan
        self.runtime = plan["runtime"]
        self.place = Place(folder_for(plan), plan["agent"])
        self.folder = self.place.folder
        self.skills = self.folder / SKILL_FOLDERS[self.runtime]
        self.skill = self.skills / plan["skill"]
        self.slug = slug_of(plan["agent"])
        self.has_mcp = self.runtime != "shell" and exists("/mcp")
        self.notes = []
        self.config = None
        if self.runtime == "openclaw":
            self.config = Entries(self.place, openclaw_config())
        if self.runtime == "claude_code" and self.has_mcp:
            self.config = Entries(self.place, self.folder / ".mcp.json")

    def entry_keys(self):
        """Where our values stand in the runtime's configuration."""
        if self.runtime == "claude_code":
            return [("mcpServers", "openmoss")]
        if self.runtime != "openclaw":
            return []
        keys = [("skills", "entries", self.plan["skill"])]
        return keys + ([("mcp", "servers", "openmoss-" + self.slug)] if self.has_mcp else [])

    def check(self):
        """Says everything that is in the way, before anything is changed."""
        files = [self.folder / "OPENMOSS.md", self.place.own / "env", self.place.own / "wake.py"]
        files += [self.skill / name for name in ("SKILL.md", "task-cli.py")]
        files += [self.skills / name / "SKILL.md" for name in self.plan["more_skills"]]
        wrong = [str(path) for path in files if self.place.in_the_way(path)]
        if self.config is not None:
            wrong += [self.config.name(keys) for keys in self.entry_keys() if self.config.in_the_way(keys)]
        if wrong:
            raise Refusal("these are in the way, and not from this script; move them away, or choose another folder "
                          "with OPENMOSS_DIR:\n  " + "\n  ".join(wrong))
        self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(str(self.folder), os.W_OK):
            raise Refusal("%s cannot be written; choose another folder with OPENMOSS_DIR" % self.folder)

    def install(self, connected):
        """Writes everything below the agent's folder."""
        self.key = connected["api_key"]
        as_agent = {"Authorization": "Bearer " + self.key}
        # The key first: it is told only once.
        self.place.write(self.place.own / "env", "OPENMOSS_URL=%s\nOPENMOSS_KEY=%s\n" % (URL, self.key))
        self.place.remember()
        self.place.write(self.folder / "OPENMOSS.md", connected["prompt"].rstrip() + "\n")
        for name in [self.plan["skill"]] + self.plan["more_skills"]:
            self.install_skill(name, call("/api/skills/%s/zip" % name, as_agent))
        self.place.write(self.skill / "task-cli.py", call("/api/tools/cli", as_agent))
        self.place.write(self.place.own / "wake.py", WAKE.replace("@PATH@", repr(os.environ.get("PATH", ""))))
        self.keep(self.place.own / "run.sh", self.run_script())
        if self.runtime == "claude_code":
            self.keep(self.folder / "CLAUDE.md", "@OPENMOSS.md\n")
        if self.runtime in ("codex", "openclaw"):
            self.keep(self.folder / "AGENTS.md", "Read OPENMOSS.md in this folder first, and work as it says.\n")
        self.place.remember()

    def install_skill(self, name, packed):
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            for path in archive.namelist():
                inner = pathlib.PurePosixPath(path).relative_to(name)
                if ".." in inner.parts or not inner.parts or self.place.in_the_way(self.skills / name / inner):
                    raise Refusal("the skill holds %s, which is in the way" % path)
                self.place.write(self.skills / name / inner, archive.read(path))

    def keep(self, path, content):
        """Writes a file that its reader may change; one that is there stays as it is."""
        if path.exists() or path.is_symlink():
            if self.place.is_ours(path) or "OPENMOSS.md" in path.read_text(encoding="utf-8", errors="replace"):
                return
            self.notes.append("%s was there and stays as it is: let it say that OPENMOSS.md comes first" % path)
            return
        self.place.write(path, content)

    def run_script(self):
        """What a wake-up starts."""
        role, skill = self.plan["agent"]["role"], self.plan["skill"]
        task = "Work as an OpenMOSS %s: read OPENMOSS.md, then follow the skill %s." % (role, skill)
        if self.runtime == "openclaw":
            # Its own limit is ten minutes; a lease lasts two hours.
            command = "exec openclaw agent --agent %s --timeout 7200 --message %s" % (shlex.quote(self.openclaw_agent()), shlex.quote(task))
        elif self.runtime == "claude_code":
            mcp = " --mcp-config .mcp.json" if self.has_mcp else ""
            command = "exec claude -p %s%s --allowedTools 'Bash Read Write Edit mcp__openmoss'" % (shlex.quote(task), mcp)
        elif self.runtime == "codex":
            # Its shell reaches no network otherwise, not even the server.
            flags = ["sandbox_workspace_write.network_access=true"]
            if self.has_mcp:
                flags += ['mcp_servers.openmoss.url="%s/mcp"' % URL, 'mcp_servers.openmoss.bearer_token_env_var="OPENMOSS_KEY"']
            options = " ".join("-c " + shlex.quote(flag) for flag in flags)
            command = "exec codex exec --skip-git-repo-check --sandbox workspace-write %s %s" % (options, shlex.quote(task))
        else:
            client = shlex.quote(str((self.skill / "task-cli.py").relative_to(self.folder)))
            command = "# Put your own program here. Until then, this shows what there is to do.\npython3 %s st mine\npython3 %s rules" % (client, client)
        return ("# What a wake-up of %s starts, in %s, with OPENMOSS_URL and OPENMOSS_KEY set.\n"
                "# Written once; it is yours to change.\n%s\n" % (self.slug, self.folder, command))

    def openclaw_agent(self):
        """The agent of OpenClaw that works in this folder."""
        agents = ((self.config.value or {}).get("agents") or {}).get("list") or []
        for one in agents:
            if isinstance(one, dict) and one.get("workspace"):
                if pathlib.Path(one["workspace"]).expanduser().absolute() == self.folder:
                    return one.get("id", "main")
        return "main"

    def configure(self):
        """Adds our entries to the runtime's configuration."""
        if self.config is None:
            return
        if self.runtime == "claude_code":
            server = {"type": "http", "url": URL + "/mcp", "headers": {"Authorization": "Bearer ${OPENMOSS_KEY}"}}
            self.config.set(("mcpServers", "openmoss"), server)
        else:
            environment = {"env": {"OPENMOSS_URL": URL, "OPENMOSS_KEY": self.key}}
            self.config.set(("skills", "entries", self.plan["skill"]), environment)
            if self.has_mcp:
                headers = {"Authorization": "Bearer " + self.key}
                server = {"url": URL + "/mcp", "transport": "streamable-http", "headers": headers}
                self.config.set(("mcp", "servers", "openmoss-" + self.slug), server)
        self.config.save()
        self.place.remember()
        if self.config.by_hand:
            self.notes.append("%s is no plain JSON, so it stays as it is; add by hand, with the key from %s:\n%s" % (
                self.config.path, self.place.own / "env",
                "\n".join("    %s: %s" % (".".join(keys), json.dumps(value).replace(self.key, "OPENMOSS_KEY")) for keys, value in self.config.by_hand)))

    def timer(self):
        """Puts the agent's line into the crontab, or takes it out."""
        mark = "# openmoss " + self.plan["agent"]["id"]
        wanted = self.plan["wake_by"] == "timer"
        line = "%s python3 %s >>%s 2>&1 %s" % (
            every(self.plan["every_minutes"]), cron_word(self.place.own / "wake.py"), cron_word(self.place.own / "wake.log"), mark)
        if os.environ.get("OPENMOSS_NO_TIMER"):
            return self.notes.append("no timer, as you asked; its line would be:\n    " + line) if wanted else None
        if shutil.which("crontab") is None:
            return self.notes.append("there is no crontab here; let a timer run this:\n    " + line) if wanted else None
        listed = subprocess.run(["crontab", "-l"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
        before = listed.stdout.splitlines() if listed.returncode == 0 else []
        after = [one for one in before if not one.endswith(mark)] + ([line] if wanted else [])
        if after != before:
            subprocess.run(["crontab", "-"], input="\n".join(after) + "\n", universal_newlines=True, check=True)

    def connect(self):
        """Calls the server as the agent will."""
        environment = {**os.environ, "OPENMOSS_URL": URL, "OPENMOSS_KEY": self.key}
        client = [sys.executable or "python3", str(self.skill / "task-cli.py"), "score", "me"]
        tried = subprocess.run(client, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        if tried.returncode != 0:
            raise Refusal("everything is written, but the agent's first call failed:\n" + tried.stdout)


def every(minutes):
    """Five fields of a crontab."""
    if minutes < 60:
        return "*/%d * * * *" % minutes
    hours = round(minutes / 60)
    return "0 */%d * * *" % hours if hours < 24 else "0 0 * * *"


def cron_word(path):
    """A path as one word of a crontab's command, where % would end the line."""
    return shlex.quote(str(path)).replace("%", "\\%")


def main():
    if not TOKEN:
        raise Refusal("OPENMOSS_ONBOARDING_TOKEN is not set: copy the whole command from the dashboard")
    token = {"X-Onboarding-Token": TOKEN}
    plan = json.loads(call("/api/onboarding", token))
    setup = Setup(plan)
    print("openmoss: %s, %s, for %s, in %s" % (plan["agent"]["name"], plan["agent"]["role"], plan["runtime"], setup.folder))
    setup.check()
    setup.install(json.loads(call("/api/onboarding", token, "POST")))
    setup.configure()
    setup.timer()
    setup.connect()
    for name in setup.place.fresh:
        print("  " + name)
    for note in setup.notes:
        print("note: " + note)
    print("openmoss: %s is connected. To wake it now: python3 %s --anyway" % (
        plan["agent"]["name"], shlex.quote(str(setup.place.own / "wake.py"))))


try:
    main()
except Refusal as refusal:
    sys.exit("openmoss: %s" % refusal)
PYTHON
}

main
