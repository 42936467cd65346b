"""Tests of the Gemini image skill against a fake of the Gemini API's generateContent."""

import base64
import unittest

from fake_service import KEY, Misbehaviour, NeedsKey, ServiceTestCase, status

PNG = b"\x89PNG\r\n\x1a\npicture"
ROUTE = "POST /v1beta/models/gemini-3.1-flash-image:generateContent"


def inline(data, kind="image/png"):
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(data).decode("ascii")}}


def made(*parts, **fields):
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP"}
    return {"candidates": [dict(candidate, **fields)]}


class GeminiImage(Misbehaviour, NeedsKey, ServiceTestCase):
    SCRIPT = "gemini-image-skill/gemini_image.py"
    ARGUMENTS = ("a red dot", "--out", "dot.png", "--force")
    KEY_VARIABLE = "GEMINI_API_KEY"
    ADDRESS_VARIABLE = "GEMINI_BASE_URL"
    TIMEOUT_VARIABLE = "GEMINI_TIMEOUT_SECONDS"

    def answer(self, fake):
        if fake.headers["x-goog-api-key"] != KEY or "key" in fake.query:
            return 400, {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}
        if fake.route != ROUTE:
            return 404, {"error": {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"}}
        body = fake.json()
        if body["contents"][0]["role"] != "user" or "IMAGE" not in body["generationConfig"]["responseModalities"]:
            return 400, {"error": {"code": 400, "message": "bad body", "status": "INVALID_ARGUMENT"}}
        draft = dict(inline(b"a thought"), thought=True)
        return 200, made({"text": "thinking", "thought": True}, draft, {"text": "Here it is."}, inline(PNG))

    def files(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def test_the_picture_is_written_and_its_path_printed(self):
        self.assertEqual(self.succeed("a red dot", "--out", "dot.png"), "dot.png image/png %d bytes\n" % len(PNG))
        self.assertEqual(self.files(), {"dot.png": PNG})
        self.assertEqual(
            self.server.requests[-1].json(),
            {"contents": [{"role": "user", "parts": [{"text": "a red dot"}]}],
             "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}},
        )  # fmt: skip

    def test_shape_size_and_given_pictures_go_along(self):
        (self.folder / "a.JPG").write_bytes(b"jpeg")
        (self.folder / "b.webp").write_bytes(b"webp")
        self.succeed("more", "--out", "dot.png", "--image", "a.JPG", "--image", "b.webp", "--aspect-ratio", "16:9",
                     "--size", "2K")  # fmt: skip
        body = self.server.requests[-1].json()
        self.assertEqual(body["generationConfig"]["imageConfig"], {"aspectRatio": "16:9", "imageSize": "2K"})
        given = [inline(b"jpeg", "image/jpeg"), inline(b"webp", "image/webp")]
        self.assertEqual(body["contents"][0]["parts"], [{"text": "more"}] + given)

    def test_the_suffix_follows_the_picture(self):
        jpeg = made(inline(b"jpeg", "image/jpeg"))
        for out, expected in (("a.png", "a.jpg"), ("b", "b.jpg"), ("c.jpeg", "c.jpeg"), ("d.v2", "d.v2.jpg")):
            with self.subTest(out=out):
                self.misbehave(status(200, jpeg))
                self.assertIn(expected + " image/jpeg", self.succeed("x", "--out", out))
                self.assertEqual((self.folder / expected).read_bytes(), b"jpeg")

    def test_snake_case_of_a_gateway_is_understood(self):
        part = {"inline_data": {"mime_type": "image/png", "data": base64.b64encode(PNG).decode("ascii")}}
        self.misbehave(status(200, made(part)))
        self.succeed(*self.ARGUMENTS)
        self.assertEqual(self.files(), {"dot.png": PNG})

    def test_a_file_is_overwritten_only_by_force(self):
        (self.folder / "dot.png").write_bytes(b"old")
        self.assertIn("--force", self.fail_with(2, "x", "--out", "dot.png"))
        self.assertEqual(self.server.requests, [])
        (self.folder / "a.jpg").write_bytes(b"old")
        self.misbehave(status(200, made(inline(b"jpeg", "image/jpeg"))))
        self.fail_with(2, "x", "--out", "a.png")
        self.assertEqual(self.files(), {"dot.png": b"old", "a.jpg": b"old"})
        self.succeed("x", "--out", "dot.png", "--force")
        self.assertEqual(self.files()["dot.png"], PNG)

    def test_no_picture_is_1_says_why_and_writes_nothing(self):
        for answer, reason in (
            ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "PROHIBITED_CONTENT"),
            (made(finishReason="IMAGE_SAFETY", content=None), "IMAGE_SAFETY"),
            (made({"text": "I would rather not."}), "I would rather not."),
            (made(dict(inline(PNG), thought=True)), "STOP"),
            ({}, "no reason"),
        ):
            with self.subTest(reason=reason):
                self.misbehave(status(200, answer))
                self.assertIn(reason, self.fail_with(1, *self.ARGUMENTS))
        self.assertEqual(self.files(), {})

    def test_a_damaged_picture_is_6_and_writes_nothing(self):
        for part in ({"inlineData": {"mimeType": "image/png", "data": "§§§"}}, inline(b"x", "image/tiff")):
            with self.subTest(part=part):
                self.misbehave(status(200, made(part)))
                self.fail_with(6, *self.ARGUMENTS)
        self.assertEqual(self.files(), {})

    def test_another_model_may_be_set(self):
        self.assertIn("models/x", self.fail_with(4, *self.ARGUMENTS, GEMINI_IMAGE_MODEL="a/b?c"))
        self.assertEqual(self.server.requests[-1].route, "POST /v1beta/models/a%2Fb%3Fc:generateContent")

    def test_what_cannot_be_right_costs_nothing(self):
        (self.folder / "a.txt").write_bytes(b"x")
        for arguments in (
            [" ", "--out", "a.png"], ["x"], ["x", "--out", "none/a.png"], ["x", "--out", "a.png", "--image", "a.txt"],
            ["x", "--out", "a.png", "--image", "no.png"], ["x", "--out", "a.png", "--aspect-ratio", "7:1"],
        ):  # fmt: skip
            with self.subTest(arguments=arguments):
                self.fail_with(2, *arguments)
        self.assertEqual(self.server.requests, [])


if __name__ == "__main__":
    unittest.main()
