# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The e-mail field of a contact: clean addresses, and what is wrong with the others."""

from itertools import product

from odoo.tests import BaseCase
from odoo.tools.mail import email_normalize

from .. import addresses


class TestAddresses(BaseCase):
    def check(self, text, valid=(), problems=()):
        with self.subTest(text):
            read = addresses.read(text)
            self.assertEqual((read.valid, read.problems), (list(valid), list(problems)))
            self.assertLessEqual(set(read.problems), set(addresses.PROBLEMS))

    def test_nothing(self):
        for text in (False, None, "", " ", "\n", ",", " ; ,\n\t"):
            self.check(text)

    def test_one(self):
        """What Odoo stores as the normalized address."""
        for text in (
            "bob@example.com",
            "  bob@example.com\t",
            "bob@example.com,",
            "BoB@Example.COM",
            "<bob@example.com>",
            "Bob <bob@example.com>",
            "Bob B. Builder<bob@example.com>",
            "Bob (at work, daily) <bob@example.com>",
            '"Builder, Bob; B." <bob@example.com>',
            '"Bob \\"the <b>\\" Builder" <bob@example.com>',
            '"bob@example.com" <bob@example.com>',
            "Bob < bob@example.com >",
            "Bøb\u200b <bob@example.com>",
            "\r\nbob@example.com\r\n",
        ):
            self.check(text, ["bob@example.com"])
            self.assertEqual(email_normalize(text), "bob@example.com")

    def test_unusual_addresses(self):
        for text in (
            "o'neil+news=a/b!#$%&*?^_`{|}~-@example.com",
            "bob@localhost",
            "bob@a-b.example",
            "bob@xn--exmple-cua.com",
            "1@2.com",
            "Bøb@example.com",
            "bob@exämple.com",
            "BOB@EXÄMPLE.com",
            "Ω@παράδειγμα.ελ",
            "अजय@डाटा.भारत",
            f"{'a' * 64}@example.com",
            f"a@{'b' * 63}.com",
        ):
            self.check(text, [email_normalize(text)])

    def test_several(self):
        self.check(
            "a@x.com, B <b@Y.com>; c@z.com\nd@w.org\r\nE@v.org",
            ["a@x.com", "b@y.com", "c@z.com", "d@w.org", "e@v.org"],
        )
        self.check("z@x.com,a@x.com;Z@X.com", ["z@x.com", "a@x.com"])
        self.check('"A, B" <a@x.com>, b@x.com', ["a@x.com", "b@x.com"])

    def test_some_are_clean(self):
        self.check("bob 17@x.com, a@x.com", ["a@x.com"], ["space"])
        self.check(
            "a@x.com; bob@; @x; b@x.com",
            ["a@x.com", "b@x.com"],
            [
                "no_domain",
                "no_local",
            ],
        )
        self.check("Doe, John <john@x.com>", ["john@x.com"], ["no_at"])
        self.check("bob@, eve@", (), ["no_domain"])

    def test_what_is_wrong(self):
        for problem, texts in {
            "control": ("bob\x00@x.com", "bob@x.com\x1b", "b\x7fob@x.com", "\x85b@x.c"),
            "invisible": (
                "bo\u200bb@x.com",
                "bo\u00adb@x.com",
                "\u202ebob@x.com",
                "\ufeffbob@x.com",
                "bob@x.com\u200d",
                "bob@x\u2060.com",
                "bob@x.com\u00a0",
                "bob\u3000@x.com",
                "bob\u2028@x.com",
                "bob\u3164@x.com",
                "bob\u2800@x.com",
                "bo\u034fb@x.com",
                "bob@x\ufe0f.com",
                "bob\ue000@x.com",
                "bob\U000e0041@x.com",
                "Bob <bob\u200b@x.com>",
            ),
            "quotes": (
                '"bob"@x.com',
                '"b@b"@x.com',
                'Bob "B <bob@x.com>',
                '"bob@x.com',
                '"bob@x.com, eve@x.com',
                'bob"@x.com',
            ),
            "comment": (
                "bob(b)@x.com",
                "bob@x.com (work)",
                "bob@x.com (work, old)",
                "bob@(work)x.com",
                "Bob :( <bob@x.com>",
                "Bob <bob(b)@x.com>",
            ),
            "no_at": ("bob", "x.com", "bob\uff20x.com", "Bob <bob>", "<>", "Bob <>"),
            "several_at": (
                "a@@x.com",
                "a@b@x.com",
                "a@x.com b@x.com",
                "a@x.com <b@x.com>",
                "a@x.com <a@x.com>",
                "<a@x.com> <b@x.com>",
            ),
            "brackets": (
                "<bob@x.com",
                "bob@x.com>",
                "<<bob@x.com>>",
                "<bob@x.com> Bob",
                "Bob <> bob@x.com",
            ),
            "space": (
                "bob 17@x.com",
                "bob@x. com",
                "bob @x.com",
                "bob@ x.com",
                "bob\t17@x.com",
                "Bob <bob 17@x.com>",
                "mail: bob@x.com",
            ),
            "no_local": ("@x", "@", "Bob <@x.com>"),
            "no_domain": ("bob@", "<bob@>"),
            "dot": (
                "bob@x.com.",
                ".bob@x.com",
                "bob.@x.com",
                "b..b@x.com",
                "bob@.x.com",
                "bob@x..com",
                "bob@.",
            ),
            "local": (
                "bob:b@x.com",
                "mailto:bob@x.com",
                "bob[b]@x.com",
                "b\\b@x.com",
                "\u0301b@x.com",
                "b\u20acb@x.com",
            ),
            "domain": (
                "bob@x_y.com",
                "bob@-x.com",
                "bob@x-.com",
                "bob@[127.0.0.1]",
                "bob@127.0.0.1",
                "bob@x/y",
                "bob@x.com:25",
                f"bob@{'x' * 64}.com",
                "bob@ｘ.com",
                "bob@x\u3002com",
                "bob@☃.com",
                f"bob@{'ä' * 63}.com",
            ),
            "too_long": (
                f"{'a' * 65}@x.com",
                f"{'ä' * 33}@x.com",
                f"bob@{'.'.join(['x' * 50] * 5)}",
            ),
        }.items():
            for text in texts:
                self.check(text, (), [problem])

    def test_nothing_that_odoo_guesses(self):
        """Where one address is clean, Odoo finds the same, however it is written."""
        parts = ("a", "B@x.com", "<c@y.org>", " ", ",", ";", "(", ")", '"', ":", "\n")
        clean = 0
        for text in map("".join, product(parts, repeat=4)):
            read = addresses.read(text)
            if len(read.valid) == 1 and not read.problems and text.count("@") == 1:
                clean += 1
                self.assertEqual(email_normalize(text), read.valid[0], text)
        self.assertGreater(clean, 500)

    def test_long_texts_do_not_take_long(self):
        for part in ("a", "(", '"', "<", "@", ",", " ", '"a"', "(a)", "a@x.com,"):
            addresses.read(part * 100_000)
