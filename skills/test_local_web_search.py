"""Tests of the local web search skill against a fake of a SearXNG gateway's JSON interface."""

import json
import unittest

from fake_service import KEY, Misbehaviour, ServiceTestCase, status

RESULTS = [
    {"title": "First\n page", "url": "https://a.example/1", "content": "word " * 80, "engine": "x",
     "publishedDate": "2026-11-20T08:00:00"},
    {"title": "", "url": "https://b.example/2", "content": None},
]  # fmt: skip


def found(*results, **fields):
    return dict({"query": "q", "number_of_results": 0, "results": list(results), "answers": [], "infoboxes": [],
                 "suggestions": [], "unresponsive_engines": []}, **fields)  # fmt: skip


class LocalWebSearch(Misbehaviour, ServiceTestCase):
    SCRIPT = "local-web-search/web_search.py"
    ARGUMENTS = ("battery news",)
    METHOD = "GET"
    KEY_VARIABLE = "SEARCH_GATEWAY_KEY"
    ADDRESS_VARIABLE = "SEARCH_GATEWAY_URL"
    TIMEOUT_VARIABLE = "SEARCH_GATEWAY_TIMEOUT_SECONDS"

    def answer(self, fake):
        if fake.route != "GET /search" or fake.query.get("format") != "json" or not fake.query.get("q") or fake.body:
            return 400, {"error": "No query"}
        if fake.headers["Authorization"] not in (None, "Bearer " + KEY):
            return 401, {"error": "who are you"}
        return 200, found(*RESULTS)

    def test_a_row_has_title_address_day_and_a_short_excerpt(self):
        self.assertEqual(
            self.succeed("battery news"),
            "1. First page\n   https://a.example/1 2026-11-20\n   %s …\n2. (no title)\n   https://b.example/2\n"
            % " ".join(["word"] * 60),
        )
        self.assertEqual(self.server.requests[-1].query, {"q": "battery news", "format": "json", "pageno": "1"})
        self.assertEqual(self.server.requests[-1].headers["Authorization"], "Bearer " + KEY)

    def test_needs_no_key(self):
        self.succeed("q", SEARCH_GATEWAY_KEY=None)
        self.assertIsNone(self.server.requests[-1].headers["Authorization"])

    def test_choices_reach_the_gateway(self):
        self.succeed("a&b=ü", "--page", "2", "--since", "week", "--language", "zh-CN", "--category", "news",
                     "--category", "science", "--engine", "bing")  # fmt: skip
        self.assertEqual(
            self.server.requests[-1].query,
            {"q": "a&b=ü", "format": "json", "pageno": "2", "time_range": "week", "language": "zh-CN",
             "categories": "news,science", "engines": "bing"},
        )  # fmt: skip

    def test_the_limit_says_how_many_are_left(self):
        self.assertEqual(self.succeed("q", "--limit", "1").splitlines()[-1], "… 1 more: --limit 2")

    def test_direct_answers_come_first_in_both_forms(self):
        self.misbehave(status(200, found(answers=["42", {"answer": "6 × 7", "url": None}])))
        self.assertEqual(self.succeed("q"), "answer: 42\nanswer: 6 × 7\n")

    def test_nothing_found_is_an_answer_unless_the_engines_were_silent(self):
        self.misbehave(status(200, found(suggestions=["batteries"])))
        self.assertEqual(self.succeed("q"), "none (try: batteries)\n")
        self.misbehave(status(200, found(unresponsive_engines=[["bing", "timeout"], "ddg"])))
        self.assertIn("bing timeout, ddg", self.fail_with(6, "q"))

    def test_a_gateway_without_json_is_explained(self):
        self.misbehave(status(403, b"<!doctype html><title>403 Forbidden</title>"))
        self.assertIn("search.formats", self.fail_with(3, "q"))

    def test_json_is_the_answer_as_it_came(self):
        self.assertEqual(json.loads(self.succeed("q", "--json"))["query"], "q")

    def test_usage_errors_send_nothing(self):
        for arguments in ([" "], ["q", "--limit", "0"], ["q", "--page", "x"], ["q", "--since", "hour"], []):
            with self.subTest(arguments=arguments):
                self.fail_with(2, *arguments)
        self.assertEqual(self.server.requests, [])


if __name__ == "__main__":
    unittest.main()
