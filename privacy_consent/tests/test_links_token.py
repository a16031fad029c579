# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The token of mailed links: fixed for ever, and compared safely."""

from odoo.tests import BaseCase

from .. import links


class TestLinkToken(BaseCase):
    def test_old_links_keep_working(self):
        # Computed independently: printf '%s' my_db-7-42-3 |
        # openssl dgst -sha512 -hmac secret
        self.assertEqual(
            links.token.make_old("secret", "my_db", 7, 42, 3),
            "6fc34509336119737a3c72875cbc4656a1633459e7bc688eb9ec18b71170661a"
            "92b7dd52962dd5807974a147c8ad2fbde0928621dbb6908a1f7fac219c530e09",
        )

    def test_new_links_keep_working(self):
        # Computed independently: printf 'privacy_consent: link' |
        # openssl dgst -sha256 -hmac secret, and with the key that this gives:
        # printf "(7, 3, 'ann@example.com', 0)" | openssl dgst -sha256 -mac HMAC
        # -macopt hexkey:... -binary | basenc --base32 | tr A-Z a-z; and --base64url
        self.assertEqual(
            links.token.make_both("secret", 7, 3, "ann@example.com", 0),
            (
                "ieriypl6o7slxfq5k3zmv2q4ndggd6j724djbrkp2zca4hzduxua",
                "QSKMPX535LuWHVbyyuocaMxh-T_XBpDFT9ZEDh8jpeg",
            ),
        )

    def test_every_part_counts(self):
        for make, parts, others in [
            (
                links.token.make,
                ("secret", 1, 2, "a@example.com", 3),
                ("other", 9, 9, "b@example.com", 9),
            ),
            (
                links.token.make_old,
                ("secret", "db", 1, 2, 3),
                ("other", "db2", 9, 9, 9),
            ),
        ]:
            token = make(*parts)
            self.assertTrue(links.token.matches(make(*parts), token))
            for i, other in enumerate(others):
                changed = make(*parts[:i], other, *parts[i + 1 :])
                self.assertFalse(links.token.matches(changed, token))

    def test_parts_do_not_run_together(self):
        self.assertNotEqual(
            links.token.make("secret", 1, 23, "", 0),
            links.token.make("secret", 12, 3, "", 0),
        )

    def test_contact_without_address(self):
        self.assertEqual(
            links.token.make("secret", 1, 2, False, 0),
            links.token.make("secret", 1, 2, None, 0),
        )

    def test_the_three_forms_cannot_be_mistaken(self):
        new, earlier = links.token.make_both("secret", 1, 2, "a@example.com", 0)
        old = links.token.make_old("secret", "db", 1, 2, 3)
        self.assertEqual(new, links.token.make("secret", 1, 2, "a@example.com", 0))
        self.assertRegex(new, r"^[a-z2-7]{52}$")
        self.assertRegex(earlier, r"^[A-Za-z0-9_-]{43}$")
        self.assertRegex(old, r"^[0-9a-f]{128}$")

    def test_keys_serve_one_purpose(self):
        self.assertNotEqual(
            links.token.derive("secret", "link"), links.token.derive("secret", "nonce")
        )

    def test_clean(self):
        new, earlier = links.token.make_both("secret", 1, 2, "a@example.com", 0)
        old = links.token.make_old("secret", "db", 1, 2, 3)
        for token in (new, earlier, old):
            for written in [
                token,
                f" {token} ",
                f"{token}.",
                f"<{token}>).",
                f"{token}%20",
                f"%2520{token}%252E",
                f"{token}=",
                f"{token}=3D",
                f"{token}\u200b\u00a0",
                f"{token}?db=prod",
                f"{token}%253Fdb%253Dprod",
                f"{token}&amp;utm_source=mail",
                f"{token};",
                f"{token}/",
                f"{token}#top",
            ]:
                with self.subTest(written=written):
                    self.assertEqual(links.token.clean(written), token)
        for token in (new, old):
            for written in (token.upper(), token.title(), f"_{token}_", f"{token}--"):
                with self.subTest(written=written):
                    self.assertEqual(links.token.clean(written), token)
        self.assertEqual(links.token.clean(earlier.lower()), earlier.lower())
        for wrong in ("", "é", "\udcff", "%", "%ff%fe", "a b", new[:-1], f"{new}a"):
            self.assertNotIn(links.token.clean(wrong), (new, earlier, old))

    def test_matches(self):
        token = links.token.make("secret", 1, 2, "a@example.com", 3)
        self.assertTrue(links.token.matches(token, token))
        for wrong in ["", token[:-1], token + "0", "é" * 43, "\udcff"]:
            self.assertFalse(links.token.matches(wrong, token))
