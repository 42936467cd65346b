"""What all service skills promise together: one HTTP part, old Pythons, and how settings are read."""

import ast
import importlib.util
import os
import pathlib
import re
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = sorted(path for path in HERE.glob("*/*.py"))
HTTP = re.compile(r"^# --- HTTP: .*?^# --- End of HTTP [^\n]*\n", re.MULTILINE | re.DOTALL)


def load(path):
    specification = importlib.util.spec_from_file_location(path.stem, str(path))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class Scripts(unittest.TestCase):
    def test_there_are_four(self):
        self.assertEqual(
            [path.name for path in SCRIPTS], ["gemini_image.py", "grok_search.py", "web_search.py", "wordpress.py"]
        )

    def test_share_one_http_part(self):
        parts = [HTTP.search(path.read_text(encoding="utf-8")).group() for path in SCRIPTS]
        for path, part in zip(SCRIPTS, parts):
            self.assertEqual(part, parts[0], path.name)

    def test_are_python_3_8(self):
        for path in SCRIPTS + [HERE / "task-cli.py"]:
            with self.subTest(path=path.name):
                ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))

    def test_are_told_of_in_their_skill_and_read_no_setting_that_config_does_not_name(self):
        for path in SCRIPTS:
            with self.subTest(path=path.name):
                self.assertIn("python3 %s " % path.name, (path.parent / "SKILL.md").read_text(encoding="utf-8"))
                config = (path.parent / "references" / "CONFIG.md").read_text(encoding="utf-8")
                used = set(re.findall(r'setting\("([A-Z_]+)"', path.read_text(encoding="utf-8")))
                self.assertEqual(used, set(re.findall(r"^\| `([A-Z_]+)` \|", config, re.MULTILINE)))


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.skill = load(SCRIPTS[0])

    def delay(self, retry_after, status=429, method="POST"):
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return self.skill.retry_delay(method, self.skill.Answer(status, headers, b""), 1.0)

    def test_the_delay_is_what_is_asked_for_within_the_limit(self):
        self.assertEqual(self.delay("3"), 3.0)
        self.assertEqual(self.delay("-1"), 0.0)
        self.assertEqual(self.delay(None), 1.0)
        self.assertEqual(self.delay("soon"), 1.0)
        self.assertEqual(self.delay("Wed, 21 Oct 2015 07:28:00 GMT"), 0.0)
        for too_long in ("31", "inf", "nan", "Wed, 21 Oct 2999 07:28:00 GMT"):
            self.assertIsNone(self.delay(too_long), too_long)

    def test_only_what_did_nothing_or_reads_is_repeated(self):
        lost, unsent = self.skill.LOST, self.skill.NOT_REACHED
        for status in (lost, unsent, 429, 500, 502, 503, 504):
            self.assertIsNotNone(self.delay(None, status, "GET"), status)
        repeated = {unsent: True, 429: True, 503: True, lost: False, 500: False, 502: False}
        for status, is_repeated in repeated.items():
            self.assertEqual(self.delay(None, status, "POST") is not None, is_repeated, status)
        for status in (200, 302, 400, 401, 404):
            self.assertIsNone(self.delay(None, status, "GET"), status)

    def test_plain_http_only_where_the_network_is_ones_own(self):
        own = ("http://127.0.0.1:8045", "http://searxng:8080/", "http://10.1.2.3", "http://[::1]:1")
        for address in own + ("https://x.org/a",):
            with mock.patch.dict(os.environ, {"ADDRESS": address}):
                self.assertEqual(self.skill.address_setting("ADDRESS"), address.rstrip("/"))
        unclear = ("https://u:p@x.org", "https://x.org?key=1", "x.org", "http://[x")
        for address in ("http://x.org", "http://8.8.8.8") + unclear:
            with mock.patch.dict(os.environ, {"ADDRESS": address}), self.assertRaises(self.skill.Failure, msg=address):
                self.skill.address_setting("ADDRESS")

    def test_a_placeholder_is_not_taken_for_a_key(self):
        for key in ("<your key>", "two words", "tab\tkey", "ключ"):
            with mock.patch.dict(os.environ, {"KEY": key}), self.assertRaises(self.skill.Failure, msg=key):
                self.skill.key_setting("KEY")


if __name__ == "__main__":
    unittest.main()
