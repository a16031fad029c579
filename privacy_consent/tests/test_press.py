# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Only a press on the page is an answer, and robots are noticed."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from .. import links
from ..models.privacy_consent_proof import REPETITION
from .answers import FIREFOX
from .common import AskedCase, local, nonces

FACTS = ["state", "accepted", "answer_date", "last_metadata", "message_ids"]


class PressCase(AskedCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.accept = self.path(self.consent, True)
        self.reject = self.path(self.consent, False)

    def path(self, consent, accept):
        """:return: the link on this test's own server"""
        return consent._url(accept).removeprefix(consent.get_base_url())

    def load(self, path, agent=FIREFOX, **headers):
        """:return: the nonces of the page"""
        page = self.url_open(path, headers={"User-Agent": agent, **headers})
        self.assertEqual(page.status_code, 200)
        self.env.invalidate_all()
        return nonces(page.text)

    def post(self, path, data, agent=FIREFOX):
        page = self.url_open(
            path, data=data, headers={"User-Agent": agent}, method="POST"
        )
        self.assertEqual(page.status_code, 200)
        self.env.invalidate_all()
        return page

    def press(self, path, after=10, **kwargs):
        """Press the link's button, some seconds after its page came.

        :return: the page that says so, and the nonce
        """
        nonce = self.load(path, **kwargs)[path.split("/")[3]]
        with self.at(self.later(seconds=after)):
            page = self.post(path, {"nonce": nonce}, **kwargs)
        self.assertIn("Your answer is recorded", page.text)
        return nonce

    def facts(self):
        self.env.invalidate_all()
        return self.consent.read(FACTS)

    def assert_again(self, path, data):
        """Check that nothing is stored, and that the page's own buttons work."""
        before = self.facts()
        page = self.post(path, data)
        self.assertIn("Nothing was recorded", page.text)
        self.assertEqual(set(nonces(page.text)), {"accept", "reject"})
        self.assertIn(local(self.consent._url(True)), page.text)
        self.assertEqual(self.facts(), before)
        return page


@tagged("post_install", "-at_install")
class TestPress(PressCase):
    def test_without_nonce(self):
        for data in ({}, {"nonce": ""}, {"nonce": "x"}, {"nonce": "1.\0"}):
            self.assert_again(self.accept, data)

    def test_nonce_in_the_address(self):
        nonce = self.load(self.accept)["accept"]
        self.assert_again(f"{self.accept}&nonce={nonce}", {})

    def test_foreign_nonce(self):
        other = self.load(self.path(self.consent_of(self.luc), True))
        self.assert_again(self.accept, {"nonce": other["accept"]})
        self.assert_again(self.accept, {"nonce": self.load(self.accept)["reject"]})

    def test_expired_nonce(self):
        nonce = self.load(self.accept)["accept"]
        with self.at(self.later(seconds=links.nonce.VALIDITY + 2)):
            page = self.assert_again(self.accept, {"nonce": nonce})
            self.post(self.accept, {"nonce": nonces(page.text)["accept"]})
        self.assertTrue(self.consent.accepted)

    def test_reused_nonce(self):
        with self.at(self.later(minutes=5)):
            nonce = self.press(self.accept)
        with self.at(self.later(minutes=10)):
            self.press(self.reject)
        with self.at(self.later(minutes=15)):
            self.assert_again(self.accept, {"nonce": nonce})

    def test_page_from_before_the_answer_changed(self):
        stale = self.load(self.accept)["accept"]
        self.press(self.reject)
        self.assert_again(self.accept, {"nonce": stale})

    def test_change_ones_mind_any_number_of_times(self):
        for minutes, path in enumerate([self.accept, self.reject] * 3):
            with self.at(self.later(minutes=5 * minutes)):
                self.press(path)
            self.assertEqual(self.consent.accepted, path == self.accept)
        changed = self.env.ref("privacy_consent.mt_consent_acceptance_changed")
        answers = self.consent.message_ids.filtered(
            lambda message: message.subtype_id == changed
        )
        self.assertEqual(len(answers), 6)

    def test_pressed_twice(self):
        nonce = self.press(self.accept, after=60)
        before = self.facts()
        with self.at(self.later(seconds=70)):
            page = self.post(self.accept, {"nonce": nonce})
            self.assertIn("Your answer is recorded", page.text)
            self.press(self.accept, after=3)
        self.assertEqual(self.facts(), before)

    def test_same_answer_later(self):
        self.press(self.accept, after=0)
        before = self.facts()
        with self.at(self.later(seconds=1) + REPETITION):
            self.press(self.accept)
        self.assertNotEqual(self.facts(), before)

    def test_same_as_what_staff_recorded(self):
        self.consent.with_user(self.manager).action_answer(True)
        self.press(self.accept)
        self.assertEqual(self.consent.answered_by, "subject")

    def test_metadata_is_one_line_each(self):
        agent = "Evil/1.0\x0b\x85Remote IP: 192.0.2.1" + "x" * 1000
        nonce = self.load(self.accept)["accept"]
        self.post(self.accept, {"nonce": nonce}, agent=agent.encode())
        lines = self.consent.last_metadata.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn("Remote IP: 127.0.0.1", lines)
        self.assertLess(len(lines[0]), 600)


@tagged("post_install", "-at_install")
class TestSuspicion(PressCase):
    def test_person(self):
        with self.at(self.later(minutes=2)):
            self.press(self.accept)
        self.assertFalse(self.consent.suspected_automated)
        self.assertFalse(self.consent.suspicion_reason)

    def test_robots(self):
        delivered = self.consent.request_ids.delivered_date
        for after, agent, reason in [
            (timedelta(seconds=3), FIREFOX, "the mail's delivery"),
            (timedelta(minutes=2), "LinkScanner/1.0", "no browser"),
        ]:
            with self.at(delivered + after):
                self.press(self.accept, agent=agent)
            self.assertTrue(self.consent.accepted, "stored all the same")
            self.assertTrue(self.consent.suspected_automated)
            self.assertIn(reason, self.consent.suspicion_reason)

    def test_presses_every_button_within_a_second(self):
        with self.at(self.later(minutes=2)):
            self.press(self.accept, after=0)
            self.assertIn("the page that asks", self.consent.suspicion_reason)
            self.press(self.reject, after=0)
        self.assertFalse(self.consent.accepted)
        self.assertIn("the opposite answer", self.consent.suspicion_reason)

    def test_person_after_the_robot(self):
        with self.at(self.later(minutes=2)):
            self.press(self.accept, after=0)
            self.press(self.accept, after=20)
        self.assertFalse(self.consent.suspected_automated)
        self.assertFalse(self.consent.suspicion_reason)

    def test_robot_after_a_fresh_request(self):
        """Asked again, because the first answer was suspected."""
        with self.at(self.later(days=3)):
            self.consent.action_auto_ask()
            self.run_queue()
            self.env.cr.flush()
            self.press(self.accept, after=5)
        self.assertIn("the mail's delivery", self.consent.suspicion_reason)

    def test_word_of_staff(self):
        self.press(self.accept, after=0)
        self.consent.with_user(self.manager).action_answer(False)
        self.assertFalse(self.consent.suspected_automated)

    def test_nobody_else_writes_it(self):
        self.press(self.accept, after=0)
        with self.assertRaisesRegex(UserError, "says what happened"):
            self.consent.with_user(self.manager).suspected_automated = False
        self.assertTrue(self.consent.suspected_automated)

    def test_found_by_staff(self):
        self.press(self.accept, after=0)
        found = self.env["privacy.consent"].search([("suspected_automated", "=", True)])
        self.assertEqual(found, self.consent)
        self.ask_selected(self.consent + self.consent_of(self.luc))
        self.assertEqual([mail.to for mail in self.run_queue()], [["ann@example.com"]])


@tagged("post_install", "-at_install")
class TestOneClick(PressCase):
    def setUp(self):
        super().setUp()
        self.activity.one_click_answers = True
        self.env.cr.flush()

    def test_off_by_default(self):
        self.assertFalse(self.activity.copy().default_get(["one_click_answers"]))

    def test_opening_is_the_answer(self):
        for path, accepted in [(self.accept, True), (self.reject, False)]:
            page = self.url_open(path, headers={"User-Agent": FIREFOX})
            self.env.invalidate_all()
            self.assertIn("Your answer is recorded", page.text)
            self.assertEqual(self.consent.state, "answered")
            self.assertEqual(self.consent.accepted, accepted)
        self.assertIn("Firefox", self.consent.last_metadata)

    def test_nothing_else_is(self):
        before = self.facts()
        for method, headers in [
            ("HEAD", {}),
            ("OPTIONS", {}),
            ("GET", {"Sec-Purpose": "prefetch"}),
            ("GET", {"Sec-Purpose": "prefetch;prerender"}),
            ("GET", {"Purpose": "prefetch"}),
            ("GET", {"X-Moz": "prefetch"}),
        ]:
            self.url_open(self.accept, method=method, headers=headers)
            self.assertEqual(self.facts(), before)
        self.load(self.accept.replace("/accept/", "/unsubscribe/"))
        self.assertEqual(self.facts(), before)

    def test_opened_again(self):
        with self.at(self.later(minutes=2)):
            self.load(self.accept)
        before = self.facts()
        with self.at(self.later(days=2)):
            self.load(self.accept)
        self.assertEqual(self.facts(), before)

    def test_buttons_work(self):
        with self.at(self.later(minutes=2)):
            self.load(self.accept)
            nonce = self.load(self.accept)["reject"]
            self.post(self.reject, {"nonce": nonce})
        self.assertFalse(self.consent.accepted)

    def test_former_address_cannot_accept(self):
        self.ann.email = "ann@new.example.com"
        self.env.cr.flush()
        self.load(self.accept)
        self.assertEqual(self.consent.state, "sent")
        self.load(self.reject)
        self.assertEqual(self.consent.state, "answered")
        self.assertFalse(self.consent.accepted)
