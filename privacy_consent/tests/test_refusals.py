# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A refusal or withdrawal is always taken: by every way, for every consent."""

from contextlib import contextmanager

from lxml import html

from odoo.tests import HttpCase, tagged

from .. import links
from .answers import asked_at, press, set_fact
from .common import ConsentCase, nonces

NEW = "ann@new.example.com"
IMPORT = {"import_file": True, "tracking_disable": True}


@tagged("post_install", "-at_install")
class TestRefusals(ConsentCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.activity.copy({"name": "Profiles"})
        cls.double = cls._create_subject("Double", "double@example.com", lang="en_US")
        cls.generate()
        with cls.at(cls.later(days=-2)):
            cls.run_queue()
        cls.asked = cls.consent_of(cls.ann)

    # Consents ---------------------------------------------------------------------

    def consents(self):
        """:return: what makes each kind of consent of Ann's, by name

        All but ``asked`` stand as a yes that somebody gave or recorded.
        """
        return {
            "asked": lambda: self.asked,
            "accepted": lambda: self._accepted(self.asked),
            "accepted by a program maybe": lambda: self._accepted(
                self.asked, agent="curl/8.0"
            ),
            "staff said yes since": lambda: self._written({"accepted": True}),
            "yes that staff dated": lambda: self._written(
                {"accepted": True, "answer_date": self.later(minutes=-1)}
            ),
            "recorded by hand": self._by_hand,
            "imported": self._imported,
            "merged": self._merged,
            "archived": self._archived,
            "of an archived activity": self._of_archived_activity,
        }

    def _accepted(self, consent, **kwargs):
        with self.at(self.later(days=-1)):
            press(consent, True, **kwargs)
        return consent

    def _written(self, vals):
        self._accepted(self.asked)
        self.asked.with_user(self.manager).write({"state": "answered", **vals})
        return self.asked

    def _by_hand(self):
        return (
            self.env["privacy.consent"]
            .with_user(self.manager)
            .create(
                {
                    "partner_id": self.ann.id,
                    "activity_id": self.other.id,
                    "accepted": True,
                    "answer_channel": "paper",
                }
            )
            .with_env(self.env)
        )

    def _imported(self):
        consents = self.env["privacy.consent"].with_user(self.manager)
        result = consents.with_context(**IMPORT).load(
            ["partner_id/.id", "activity_id/.id", "accepted"],
            [[str(self.ann.id), str(self.other.id), "True"]],
        )
        self.assertFalse(result["messages"])
        return self.consent_of(self.ann, self.other)

    def _merged(self):
        """The consent of another contact, who is Ann, counts."""
        consent = self._accepted(self.consent_of(self.double))
        self._merge(self.double, self.ann)
        return consent

    def _archived(self):
        self._accepted(self.asked).active = False
        return self.asked

    def _of_archived_activity(self):
        self._accepted(self.asked)
        self.activity.active = False
        return self.asked

    def _merge(self, source, destination):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (source + destination).ids, destination
        )
        self.env.invalidate_all()

    # Links --------------------------------------------------------------------------

    def links(self):
        """:return: what gives the token of each kind of link to a consent, by name"""
        return {
            "current": lambda one: one._token(),
            "former address": self._former,
            "invalidated": self._invalidated,
            "invalidated twice, to a former address": lambda one: self._invalidated(
                one, self._invalidated(one, self._former(one))
            ),
            "of 18.0": self._old,
            "of 18.0, to a former address": lambda one: self._former(
                one, self._old(one)
            ),
            "of 18.0, invalidated": lambda one: self._invalidated(one, self._old(one)),
        }

    def _former(self, consent, token=None):
        token = token or consent._token()
        if consent.partner_id.email not in consent.request_ids.mapped("address"):
            asked_at(consent, consent.partner_id.email)
        consent.partner_id.email = NEW
        return token

    def _invalidated(self, consent, token=None):
        token = token or consent._token()
        consent.action_invalidate_links()
        return token

    def _old(self, consent):
        set_fact(consent, old_link_address=consent.partner_id.email)
        return links.token.make_old(
            consent._link_secret(),
            self.env.cr.dbname,
            consent.id,
            consent.token_partner_id or consent.partner_id.id,
            consent.activity_id.id,
        )

    # Pressing -----------------------------------------------------------------------

    def path(self, word, consent, token):
        return f"/privacy/consent/{word}/{consent.id}/{token}?db={self.env.cr.dbname}"

    def open(self, path, **kwargs):
        self.env.flush_all()
        response = self.url_open(path, **kwargs)
        self.assertEqual(response.status_code, 200, path)
        self.env.invalidate_all()
        return response.text

    def assert_refused(self, consent, was, channel):
        """Check that the person's refusal is stored, and counts."""
        self.assertEqual(
            consent.status, "withdrawn" if was == "given" else "refused", was
        )
        self.assertFalse(consent.accepted)
        self.assertEqual(consent.answered_by, "subject")
        event = consent._answers()[0]
        self.assertEqual(event.by, "subject")
        self.assertEqual(event.channel, channel)
        self.assertEqual(event.kind, consent.status)
        self.assertTrue(event.text_hash or channel == "unsubscribe")

    @contextmanager
    def case(self, name):
        """Undo what one case does."""
        with self.subTest(name), self.env.cr.savepoint() as savepoint:
            yield
            savepoint.rollback()
        self.env.invalidate_all()

    def combinations(self):
        return [
            (f"{what}, link {how}", make, link)
            for what, make in self.consents().items()
            for how, link in self.links().items()
        ]

    def test_link(self):
        for name, make, link in self.combinations():
            with self.case(name):
                consent = make()
                was = consent.status
                path = self.path("accept", consent, link(consent))
                nonce = nonces(self.open(path))["reject"]
                page = self.open(
                    path.replace("/accept/", "/reject/"), data={"nonce": nonce}
                )
                self.assertIn("Your answer is recorded", page)
                self.assert_refused(consent, was, "mail_link")

    def test_mail_program(self):
        every = [
            (name, make, self._invalidated) for name, make in self.consents().items()
        ]
        every += [
            (name, lambda: self.asked, link) for name, link in self.links().items()
        ]
        for name, make, link in every:
            with self.case(name):
                consent = make()
                was = consent.status
                self.open(
                    self.path("unsubscribe", consent, link(consent)),
                    data={"List-Unsubscribe": "One-Click"},
                )
                self.assert_refused(consent, was, "unsubscribe")

    def test_merged_contacts_links(self):
        """The mails of both are the person's."""
        for name, path in self.links().items():
            with self.case(name):
                lost = self.consent_of(self.double)
                consent = self._accepted(self.asked)
                token = path(lost)
                self._merge(self.double, self.ann)
                self.assertEqual(lost._surviving(), consent)
                path = self.path("accept", lost, token)
                nonce = nonces(self.open(path))["reject"]
                # with FULL rights the page has the links of the consent that counts
                page = self.open(
                    self.path("reject", lost, token), data={"nonce": nonce}
                )
                self.assertIn("Your answer is recorded", page)
                self.assert_refused(consent, "given", "mail_link")

    def _preferences(self, page):
        """:return: what each button sends"""
        forms = html.fromstring(page).iter("form")
        return {
            " ".join(form.find("button").text_content().split()): dict(form.fields)
            for form in forms
        }

    def test_preference_page(self):
        for name, make in self.consents().items():
            with self.case(name):
                consent = make()
                was = consent.status
                link = self.asked if consent.active else consent
                link = link._surviving()
                path = self.path("preferences", link, link._token())
                buttons = self._preferences(self.open(path))
                if "Reject and withdraw all" in buttons:
                    page = self.open(path, data={"action": "confirm"})
                    buttons = self._preferences(page)
                fields = (
                    buttons.get("Yes, reject and withdraw all")
                    or buttons.get(
                        "Withdraw my consent" if was == "given" else "I reject"
                    )
                    or buttons["I reject"]
                )
                self.open(path, data=fields)
                self.assert_refused(consent, was, "preferences")

    # Between the page and the press -----------------------------------------------

    def happenings(self):
        return {
            "three days": lambda: self.enterContext(self.at(self.later(days=3))),
            "another text": lambda: self.activity.write({"description": "<p>All</p>"}),
            "another name": lambda: self.activity.write({"name": "Everything"}),
            "another answer": lambda: press(self.asked, True),
            "an answer of staff": lambda: self.asked.with_user(
                self.manager
            ).action_answer(True),
            "links invalidated": lambda: self.asked.action_invalidate_links(),
            "another address": lambda: self.ann.write({"email": NEW}),
            "another language": lambda: self.ann.write({"lang": "fr_FR"}),
            "asked again": self._ask_again,
            "archived": lambda: self.asked.write({"active": False}),
            "archived activity": lambda: self.activity.write({"active": False}),
            "one-click": lambda: self.activity.write({"one_click_answers": True}),
            "merged into another contact": lambda: self._merge(self.ann, self.double),
            "another one merged into this": lambda: self._merge(self.double, self.ann),
            "merged into one that counts": self._merge_into_answered,
        }

    def _ask_again(self):
        self.asked.action_auto_ask()
        self.run_queue()

    def _merge_into_answered(self):
        press(self.consent_of(self.double), True)
        self._merge(self.ann, self.double)

    def test_page_that_is_out_of_date(self):
        for name, happen in self.happenings().items():
            with self.case(name):
                token = self.asked._token()
                path = self.path("reject", self.asked, token)
                nonce = nonces(self.open(path))["reject"]
                shown = self.activity._text_hash("en_US")
                happen()
                consent = self.asked._surviving()
                was = consent.status
                page = self.open(path, data={"nonce": nonce})
                self.assertIn("Your answer is recorded", page)
                self.assert_refused(consent, was, "mail_link")
                self.assertEqual(consent._answers()[0].text_hash, shown)

    def test_preference_page_that_is_out_of_date(self):
        for name, happen in self.happenings().items():
            with self.case(name):
                second = self._by_hand()
                path = self.path("preferences", self.asked, self.asked._token())
                page = self.open(path, data={"action": "confirm"})
                fields = self._preferences(page)["Yes, reject and withdraw all"]
                happen()
                consents = self.asked._surviving() + second
                statuses = consents.mapped("status")
                self.open(path, data=fields)
                for consent, was in zip(consents, statuses, strict=True):
                    self.assert_refused(consent, was, "preferences")

    def test_nobody_elses(self):
        """A press takes what its page was about, and nothing of somebody else."""
        luc = self.consent_of(self.luc)
        self._by_hand()
        path = self.path("preferences", self.asked, self.asked._token())
        fields = self._preferences(self.open(path))["I reject"]
        for ids in (luc.ids, self.asked.ids + luc.ids, [10**30], ["x"], []):
            self.open(path, data={**fields, "consents": " ".join(map(str, ids))})
            self.assertFalse((self.asked + luc)._answers())
