# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Merging contacts keeps every consent, its thread and its links."""

import re

from odoo.tests import HttpCase, tagged

from ..models.privacy_consent_merge import merging
from .answers import press, set_fact
from .common import ConsentCase, local, nonces


@tagged("post_install", "-at_install")
class TestMerge(ConsentCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.activity.copy({"name": "Survey"})
        cls.generate()
        cls.generate(cls.other)
        cls.run_queue()
        cls.env.cr.flush()

    def _answer(self, consent, answer, moment):
        with self.at(moment):
            press(consent, answer)

    def _merge(self, sources, destination):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (sources + destination).ids, destination
        )
        self.env.cr.flush()
        self.env.invalidate_all()

    def _open(self, consent, accept, **kwargs):
        return self._open_url(consent._url(accept), **kwargs)

    def _open_url(self, url, **kwargs):
        path = url.removeprefix(self.ann.get_base_url())
        return self.url_open(path, **kwargs)

    def _press(self, url):
        """Press the button of a mailed link, on the page that it shows."""
        choice = "accept" if "/accept/" in url else "reject"
        page = self._open_url(url)
        target = re.search(f'action="([^"]*/{choice}/[^"]*)"', page.text)[1]
        return self._open_url(target, data={"nonce": nonces(page.text)[choice]})

    def test_nothing_is_lost(self):
        """A accepted X, B refused X and Y: Odoo alone leaves the first only."""
        a, b = self.ann, self.luc
        b_survey = self.consent_of(b, self.other)
        self._answer(self.consent_of(a), True, "2026-03-01 10:00:00")
        self._answer(self.consent_of(b), False, "2026-02-01 10:00:00")
        self._answer(b_survey, False, "2026-02-01 10:00:00")
        consents = (self.activity + self.other).consent_ids
        threads = {consent: consent.message_ids for consent in consents}
        self._merge(b, a)
        self.assertEqual(consents.exists(), consents)
        self.assertEqual(consents.partner_id, a)
        for consent, messages in threads.items():
            self.assertLessEqual(messages, consent.message_ids)
        current = consents.filtered("active")
        self.assertEqual(
            {consent.activity_id: consent.accepted for consent in current},
            {self.activity: True, self.other: False},
        )
        self.assertIn(b_survey, current)

    def test_latest_answer_counts(self):
        winner, loser = self.consent_of(self.luc), self.consent_of(self.ann)
        self._answer(loser, True, "2026-02-01 10:00:00")
        self._answer(winner, False, "2026-03-01 10:00:00")
        self._merge(self.luc, self.ann)
        self.assertTrue(winner.active)
        self.assertFalse(loser.active)
        self.assertEqual(loser.merged_into_id, winner)
        self.assertFalse(winner.accepted)
        self.assertTrue(loser.accepted, "what they answered is kept as it was")
        self.assertIn("This consent counts", "".join(winner.message_ids.mapped("body")))
        self.assertIn("counts instead", "".join(loser.message_ids.mapped("body")))

    def test_refusal_counts_at_equal_time(self):
        yes, no = self.consent_of(self.ann), self.consent_of(self.luc)
        self._answer(yes, True, "2026-02-01 10:00:00")
        self._answer(no, False, "2026-02-01 10:00:00")
        self._merge(self.luc, self.ann)
        self.assertEqual(yes.merged_into_id, no)

    def test_whoever_recorded_it(self):
        """A yes of years ago does not beat a withdrawal that staff took by phone."""
        answered, phoned = self.consent_of(self.ann), self.consent_of(self.luc)
        self._answer(answered, True, "2026-02-01 10:00:00")
        phoned.with_user(self.manager).write(
            {
                "accepted": False,
                "answer_date": "2026-03-01 10:00:00",
                "answer_channel": "phone",
            }
        )
        self._merge(self.luc, self.ann)
        self.assertEqual(answered.merged_into_id, phoned)
        self.assertEqual(phoned.partner_id, self.ann)
        self.assertFalse(phoned.accepted)

    def test_staffs_earlier_word_does_not_beat_an_answer(self):
        answered, staff = self.consent_of(self.ann), self.consent_of(self.luc)
        self._answer(answered, False, "2026-02-01 10:00:00")
        staff.with_user(self.manager).write(
            {"accepted": True, "answer_date": "2026-01-01 10:00:00"}
        )
        self._merge(self.ann, self.luc)
        self.assertEqual(staff.merged_into_id, answered)
        self.assertEqual(answered.partner_id, self.luc)

    def test_undated_refusal_counts(self):
        """Upgraded answers of which the history does not tell the time."""
        yes, no = self.consent_of(self.ann), self.consent_of(self.luc)
        press(yes, True)
        press(no, False)
        set_fact(yes + no, answer_date=False)
        self._merge(self.luc, self.ann)
        self.assertEqual(yes.merged_into_id, no)

    def test_current_counts_before_archived(self):
        archived, current = self.consent_of(self.ann), self.consent_of(self.luc)
        archived.action_archive()
        self._merge(self.luc, self.ann)
        self.assertEqual(archived.merged_into_id, current)

    def test_the_only_request_is_not_cancelled(self):
        self.other.consent_required = "manual"
        zoe = self._create_subject("Zoe", "zoe@example.com")
        yves = self._create_subject("Yves", "yves@example.com")
        drafts = self.generate(self.other)
        asked = drafts.filtered(lambda consent: consent.partner_id == zoe)
        asked.action_auto_ask()
        self._merge(zoe, yves)
        self.assertTrue(asked.active)
        self.assertEqual([mail.to for mail in self.run_queue()], [["yves@example.com"]])

    def test_links_in_the_mailbox_that_remains_show_the_survivor(self):
        winner, loser = self.consent_of(self.ann), self.consent_of(self.luc)
        urls = {True: loser._url(True), False: loser._url(False)}
        self._answer(winner, True, "2026-03-01 10:00:00")
        self._merge(self.ann, self.luc)
        for accept, url in sorted(urls.items()):
            self.assertIn(local(winner._url(False)), self._open_url(url).text)
            press(winner, not accept)
            self._press(url)
            self.env.invalidate_all()
            self.assertEqual(winner.accepted, accept, "it answers for both")

    def test_links_in_the_mailbox_of_the_merged_contact_only_refuse(self):
        """Nobody knows whether both contacts were the same person."""
        winner, loser = self.consent_of(self.ann), self.consent_of(self.luc)
        urls = [winner._url(False), winner._url(True)]
        self._answer(winner, True, "2026-03-01 10:00:00")
        self._merge(self.ann, self.luc)
        for url in urls:
            press(winner, True)
            page = self._open_url(url).text
            self.assertEqual(set(nonces(page)), {"reject", "ask"})
            for secret in (winner._token(), loser._token(), "luc@example.com"):
                self.assertNotIn(secret, page)
            target = url.replace("/accept/", "/reject/")
            self._open_url(target, data={"nonce": nonces(page)["reject"]})
            self.env.invalidate_all()
            self.assertEqual(winner.status, "withdrawn", "it refuses for both")

    def test_third_contact(self):
        third = self._create_subject("Third", "third@example.com")
        self.generate()
        self.run_queue()
        first, second = self.consent_of(self.ann), self.consent_of(self.luc)
        last = self.consent_of(third)
        urls = {consent: consent._url(True) for consent in first + second + last}
        self._answer(second, True, "2026-02-01 10:00:00")
        self._merge(self.ann, self.luc)
        self._answer(last, False, "2026-03-01 10:00:00")
        self._merge(self.luc, third)
        self.assertEqual((first + second + last).partner_id, third)
        self.assertEqual(first._surviving(), last)
        for consent, url in urls.items():
            self.assertIn(local(last._url(True)), self._open(consent, True).text)
            buttons = set(nonces(self._open_url(url).text))
            mailed = {"accept", "reject"} if consent == last else {"reject", "ask"}
            self.assertEqual(buttons, mailed)

    def test_three_at_once(self):
        third = self._create_subject("Third", "third@example.com")
        self.generate()
        consents = self.activity.consent_ids
        self._merge(self.ann + self.luc, third)
        self.assertEqual(consents.exists(), consents)
        self.assertEqual(len(consents.filtered("active")), 1)

    def test_interrupted_merge_changes_nothing(self):
        consents = (self.activity + self.other).consent_ids
        fields = ["partner_id", "active", "merged_into_id", "message_ids"]
        before = consents.read(fields)
        wizard = self.env["base.partner.merge.automatic.wizard"]
        with (
            self.assertRaises(ZeroDivisionError),
            self.cr.savepoint(),
            merging((self.luc + self.ann).ids),
        ):
            wizard._update_foreign_keys(self.luc, self.ann)
            raise ZeroDivisionError
        self.env.invalidate_all()
        self.assertEqual(consents.read(fields), before)
        self._merge(self.luc, self.ann)
        self.assertEqual(consents.partner_id, self.ann)

    def test_archived_by_a_merge_is_not_asked_again(self):
        self._merge(self.luc, self.ann)
        self.assertFalse(self.generate())

    def test_waiting_request_of_the_loser_is_cancelled(self):
        zoe = self._create_subject("Zoe", "zoe@example.com")
        self.generate()
        self._answer(self.consent_of(self.ann), True, "2026-03-01 10:00:00")
        waiting = self.consent_of(zoe).request_ids
        self._merge(zoe, self.ann)
        self.assertEqual((waiting.state, waiting.cause), ("cancelled", "merged"))
        mails = self.run_queue()
        self.assertFalse([mail for mail in mails if mail.links()])
