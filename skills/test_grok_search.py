"""Tests of the Grok search skill against a fake of xAI's Responses API."""

import json
import unittest

from fake_service import KEY, Misbehaviour, NeedsKey, ServiceTestCase, status

CITED = {"type": "url_citation", "url": "https://a.example/1", "title": "First  page", "start_index": 0, "end_index": 3}


def said(text, annotations=(), **fields):
    content = [{"type": "output_text", "text": text, "annotations": list(annotations)}]
    output = [
        {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "x"}},
        {"type": "message", "role": "assistant", "status": "completed", "content": content},
    ]
    return dict({"object": "response", "status": "completed", "output": output}, **fields)


class GrokSearch(Misbehaviour, NeedsKey, ServiceTestCase):
    SCRIPT = "grok-search-runtime/grok_search.py"
    ARGUMENTS = ("what is new?",)
    KEY_VARIABLE = "XAI_API_KEY"
    ADDRESS_VARIABLE = "XAI_BASE_URL"
    TIMEOUT_VARIABLE = "XAI_TIMEOUT_SECONDS"

    def answer(self, fake):
        if fake.route != "POST /v1/responses" or fake.headers["Authorization"] != "Bearer " + KEY:
            return 400, {"code": "unauthenticated", "error": "Incorrect API key provided."}
        body = fake.json()
        if not body["tools"] or body["input"][0]["role"] != "user" or "search_parameters" in body:
            return 422, {"error": "bad body"}
        citations = ["https://a.example/1", "https://b.example/2"]
        return 200, said("It is **so**.", [CITED, dict(CITED, title="1")], citations=citations)

    def last_body(self):
        return self.server.requests[-1].json()

    def test_prints_the_answer_and_each_source_once(self):
        self.assertEqual(
            self.succeed("what is new?"),
            "It is **so**.\n\nSources:\n1. https://a.example/1 First page\n2. https://b.example/2\n",
        )
        self.assertEqual(
            self.last_body(),
            {"model": "grok-4.5", "input": [{"role": "user", "content": "what is new?"}],
             "tools": [{"type": "web_search"}]},
        )  # fmt: skip

    def test_choices_reach_the_tool_that_they_are_for(self):
        self.succeed("q", "--allow", "a.example", "--allow", "b.example")
        self.assertEqual(
            self.last_body()["tools"],
            [{"type": "web_search", "filters": {"allowed_domains": ["a.example", "b.example"]}}],
        )
        self.succeed("q", "--source", "both", "--exclude", "c.example", "--handle", "n", "--since", "2026-11-01",
                     "--until", "2026-11-02", GROK_MODEL="grok-x")  # fmt: skip
        self.assertEqual(self.last_body()["model"], "grok-x")
        self.assertEqual(
            self.last_body()["tools"],
            [{"type": "web_search", "filters": {"excluded_domains": ["c.example"]}},
             {"type": "x_search", "allowed_x_handles": ["n"], "from_date": "2026-11-01", "to_date": "2026-11-02"}],
        )  # fmt: skip

    def test_an_answer_without_sources_says_so(self):
        self.misbehave(status(200, said("Yes.")))
        self.assertEqual(self.succeed("q"), "Yes.\n\nSources: none named\n")

    def test_many_sources_are_cut(self):
        self.misbehave(status(200, said("Yes.", citations=["https://a.example/%d" % n for n in range(99)])))
        self.assertEqual(self.succeed("q").splitlines()[-1], "… 69 more")

    def test_no_answer_is_1_and_says_why(self):
        for answer, reason in (
            (said("", incomplete_details={"reason": "max_output_tokens"}), "max_output_tokens"),
            ({"output": [], "status": "failed", "error": {"message": "overloaded"}}, "overloaded"),
        ):
            with self.subTest(reason=reason):
                self.misbehave(status(200, answer))
                self.assertIn(reason, self.fail_with(1, "q"))

    def test_json_is_the_answer_as_it_came(self):
        self.assertEqual(json.loads(self.succeed("q", "--json"))["object"], "response")

    def test_what_does_not_go_together_costs_nothing(self):
        for arguments in (
            [" "], ["q", "--allow", "a", "--exclude", "b"], ["q", "--handle", "n"], ["q", "--since", "2026-11-01"],
            ["q", "--source", "x", "--allow", "a"], ["q", "--source", "x", "--since", "yesterday"],
            ["q"] + ["--allow", "a"] * 6, ["q", "--source", "x"] + ["--handle", "a"] * 11,
        ):  # fmt: skip
            with self.subTest(arguments=arguments):
                self.fail_with(2, *arguments)
        self.assertEqual(self.server.requests, [])


if __name__ == "__main__":
    unittest.main()
