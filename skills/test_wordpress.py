"""Tests of the WordPress skill against a fake of WordPress' REST API (wp/v2)."""

import base64
import json
import unittest

from fake_service import KEY, Misbehaviour, NeedsKey, ServiceTestCase

CREDENTIALS = base64.b64encode(("mara:%s" % KEY).encode("utf-8")).decode("ascii")
CATEGORIES = [{"id": 3, "name": "News &amp; Views"}, {"id": 4, "name": "Newsroom"}]


def post(number, **fields):
    made = {"id": number, "status": "draft", "link": "https://site/?p=%d" % number, "title": {"raw": "A &amp; B"}}
    return dict(made, content={"raw": "<p>Hello</p>", "rendered": "<p>Hello</p>\n"}, **fields)


class WordPress(Misbehaviour, NeedsKey, ServiceTestCase):
    SCRIPT = "wordpress-skill/wordpress.py"
    ARGUMENTS = ("create", "--title", "A & B", "--content-file", "post.html")
    KEY_VARIABLE = "WORDPRESS_APP_PASSWORD"
    ADDRESS_VARIABLE = "WORDPRESS_URL"
    TIMEOUT_VARIABLE = "WORDPRESS_TIMEOUT_SECONDS"

    def environment(self):
        return dict(super().environment(), WORDPRESS_USER="mara")

    def setUp(self):
        super().setUp()
        (self.folder / "post.html").write_text("<p>Grüße</p>", encoding="utf-8")
        (self.folder / "Rote Batterie (1).png").write_bytes(b"\x89PNG picture")

    def answer(self, fake):
        if fake.headers["Authorization"] != "Basic " + CREDENTIALS:
            return 401, {"code": "rest_not_logged_in", "message": "You are not currently logged in."}
        if fake.route == "GET /wp-json/wp/v2/users/me" and fake.query == {"context": "edit"}:
            rights = {"edit_posts": True, "publish_posts": False, "upload_files": True}
            return 200, {"name": "Mara", "roles": ["contributor"], "capabilities": rights}
        if fake.route == "GET /wp-json/wp/v2/categories":
            wanted = fake.query.get("search", "").lower()  # As WordPress: in the escaped name.
            return 200, [each for each in CATEGORIES if wanted in each["name"].lower()]
        if fake.route == "GET /wp-json/wp/v2/tags":
            return 200, []
        if fake.route == "POST /wp-json/wp/v2/media":
            return 201, {"id": 17, "source_url": "https://site/uploads/x.png"}
        if fake.route == "GET /wp-json/wp/v2/posts":
            return 200, [post(42), post(41, status="publish")] if fake.query.get("search") != "nothing" else []
        if fake.route in ("POST /wp-json/wp/v2/posts", "POST /wp-json/wp/v2/posts/42"):
            if fake.headers["Content-Type"] != "application/json" or not isinstance(fake.json(), dict):
                return 400, {"code": "rest_invalid_json", "message": "not JSON"}
            return 201, post(42, status=fake.json().get("status", "draft"))
        if fake.route == "GET /wp-json/wp/v2/posts/42" and fake.query == {"context": "edit"}:
            return 200, post(42)
        return 404, {"code": "rest_post_invalid_id", "message": "Invalid post ID."}

    def last_body(self):
        return self.server.requests[-1].json()

    def test_a_new_post_is_a_draft(self):
        self.assertEqual(self.succeed(*self.ARGUMENTS), "42 [draft] https://site/?p=42 A & B\n")
        self.assertEqual(self.last_body(), {"title": "A & B", "content": "<p>Grüße</p>", "status": "draft"})

    def test_a_post_carries_everything_that_is_named(self):
        self.succeed(
            "create", "--title", "T", "--content-file", "-", "--status", "publish", "--excerpt", "E", "--slug", "t",
            "--featured-media", "17", "--category", "news & views", "--category", "9", stdin=b"<p>x</p>",
        )  # fmt: skip
        self.assertEqual(
            self.last_body(),
            {"title": "T", "content": "<p>x</p>", "status": "publish", "excerpt": "E", "slug": "t",
             "featured_media": 17, "categories": [3, 9]},
        )  # fmt: skip

    def test_a_category_or_tag_that_does_not_exist_is_4_and_makes_no_post(self):
        for option in ("--category", "--tag"):
            with self.subTest(option=option):
                self.assertIn("'Sports'", self.fail_with(4, *self.ARGUMENTS, option, "Sports"))
        self.assertNotIn("POST", " ".join(request.route for request in self.server.requests))

    def test_an_update_sends_only_what_is_named(self):
        self.assertIn("42 [publish]", self.succeed("update", "42", "--status", "publish"))
        self.assertEqual(self.last_body(), {"status": "publish"})
        self.assertIn("nothing to change", self.fail_with(2, "update", "42"))
        self.fail_with(4, "update", "7", "--title", "x")

    def test_an_upload_is_one_request_with_name_kind_and_texts(self):
        self.assertEqual(
            self.succeed("upload", "Rote Batterie (1).png", "--title", "Batterie", "--alt", "Eine rote Batterie"),
            "17 https://site/uploads/x.png\n",
        )
        (request,) = self.server.requests
        self.assertEqual(request.body, b"\x89PNG picture")
        self.assertEqual(request.headers["Content-Type"], "image/png")
        self.assertEqual(request.headers["Content-Disposition"], 'attachment; filename="Rote-Batterie-1-.png"')
        self.assertEqual(request.query, {"title": "Batterie", "alt_text": "Eine rote Batterie"})

    def test_reading_commands_print_one_line_each(self):
        self.assertEqual(self.succeed("check"), "Mara (contributor): edit_posts, upload_files\n")
        self.assertEqual(self.succeed("categories", "--search", "news"), "3 News & Views\n4 Newsroom\n")
        self.assertEqual(self.succeed("tags"), "none\n")
        self.assertEqual(self.succeed("show", "42"), "42 [draft] https://site/?p=42 A & B\n\n<p>Hello</p>\n")
        self.assertEqual(self.succeed("list", "--search", "nothing"), "none\n")
        self.assertEqual(len(self.succeed("list", "--status", "draft,publish", "--limit", "5").splitlines()), 2)
        self.assertEqual(self.server.requests[-1].query, {"status": "draft,publish", "per_page": "5"})

    def test_files_that_cannot_be_sent_are_usage_errors(self):
        (self.folder / "empty.png").write_bytes(b"")
        (self.folder / "latin.html").write_bytes(b"\xe9")
        (self.folder / "noname").write_bytes(b"x")
        for arguments in (
            ["upload", "missing.png"], ["upload", "empty.png"], ["upload", "noname"],
            ["create", "--title", "T", "--content-file", "latin.html"], ["list", "--limit", "0"], ["nonsense"],
        ):  # fmt: skip
            with self.subTest(arguments=arguments):
                self.fail_with(2, *arguments)
        self.assertEqual(self.server.requests, [])

    def test_a_wrong_password_is_3_and_neither_form_of_it_is_shown(self):
        message = self.fail_with(3, *self.ARGUMENTS, WORDPRESS_APP_PASSWORD="abcd EFGH ijkl")
        self.assertIn("not currently logged in", message)
        echo = base64.b64encode(b"mara:abcd EFGH ijkl").decode("ascii")
        body = json.dumps({"message": "abcd EFGH ijkl or abcdEFGHijkl or %s" % echo}).encode("utf-8")
        self.misbehave(lambda fake: fake.reply(401, body))
        message = self.fail_with(3, *self.ARGUMENTS, WORDPRESS_APP_PASSWORD="abcd EFGH ijkl")
        self.assertIn("*** or *** or ***", message)


if __name__ == "__main__":
    unittest.main()
