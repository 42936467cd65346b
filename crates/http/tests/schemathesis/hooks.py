"""What schemathesis cannot make up by itself."""

import io
import zipfile

import schemathesis
from hypothesis import strategies as st


def archive(files):
    """A zip archive of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as pack:
        for name, text in files.items():
            pack.writestr(name, text)
    return content.getvalue()


NAMES = st.sampled_from(["SKILL.md", "own-skill/SKILL.md", "own-skill/a.py", "../x", "/x", "a\\b"])
SKILL = "---\nname: own-skill\ndescription: Does it.\n---\nDo it.\n"
ARCHIVES = st.dictionaries(NAMES, st.sampled_from([SKILL, "", "x"]), max_size=3).map(archive)
schemathesis.openapi.media_type("application/zip", ARCHIVES | st.binary(max_size=100))


@schemathesis.hook
def before_call(context, case, kwargs):
    """A long poll waits as long as it is told, and longer than anybody here has time."""
    wait = case.body.get("wait_seconds") if isinstance(case.body, dict) else None
    if type(wait) is int and 1 < wait <= 60:
        case.body["wait_seconds"] = 1
