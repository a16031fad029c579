# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several companies: a consent follows its contact and its activity's controller."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .answers import press
from .common import ConsentCase

AGENCY = {"name": "Agency", "email": "agency@example.com"}


class TestCompany(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create(
            {"name": "Other company", "email": "other@example.com"}
        )
        cls.officer = new_test_user(
            cls.env,
            "officer",
            groups="privacy.group_data_protection_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
            email="officer@example.com",
        )

    def visible(self, model, domain=()):
        """:return: for the manager, and for the officer of the other company"""
        records = self.env[model]
        return tuple(
            records.with_user(user).search(list(domain))
            for user in (self.manager, self.officer)
        )

    def test_consent_follows_its_contact(self):
        self.generate()
        self.activity.controller_id = self.env["res.partner"].create(AGENCY)
        self.ann.company_id = self.env.company
        self.luc.company_id = self.company
        ours, theirs = self.visible(
            "privacy.consent", [("activity_id", "=", self.activity.id)]
        )
        self.assertEqual((ours.partner_id, theirs.partner_id), (self.ann, self.luc))
        with self.assertRaises(AccessError):
            self.consent_of(self.ann).with_user(self.officer).read(["state"])

    def test_activity_follows_its_controller(self):
        activities = self.env["privacy.activity"]
        self.assertNotIn(self.activity, activities.with_user(self.officer).search([]))
        self.activity.controller_id = self.company.partner_id
        self.assertIn(self.activity, activities.with_user(self.officer).search([]))
        self.assertNotIn(self.activity, activities.with_user(self.manager).search([]))
        self.activity.controller_id = self.env["res.partner"].create(AGENCY)
        self.assertIn(self.activity, activities.with_user(self.officer).search([]))
        self.assertIn(self.activity, activities.with_user(self.manager).search([]))

    def test_followers_who_may_not_read_it_are_not_told(self):
        """Whoever is no user, and whom somebody chose, is."""
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        subtypes = self.env["mail.message.subtype"].search([]).ids
        somebody = self.env["res.partner"].create({"name": "X", "email": "x@x.example"})
        followers = self.manager.partner_id + self.officer.partner_id + somebody
        consent.message_subscribe(followers.ids, subtypes)
        told = {"x@x.example", "manager@example.com"}
        own, theirs = self.activity.controller_id, self.company.partner_id
        for minutes, controller in enumerate((own, theirs)):
            self.activity.controller_id = controller
            self.run_queue()
            with self.at(self.later(minutes=minutes)):
                press(consent, not minutes)
            sent = {address for mail in self.run_queue() for address in mail.to}
            self.assertEqual(sent, told)
            told = {"x@x.example", "officer@example.com"}
        consent.message_post(
            body="See this",
            partner_ids=self.manager.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
        )
        sent = {address for mail in self.run_queue() for address in mail.to}
        self.assertEqual(sent, told | {"manager@example.com"}, "somebody chose them")

    def test_consent_follows_the_controller(self):
        """Contacts without a company are those of all, consents of them are not."""
        self.generate()
        self.run_queue()
        press(self.consent_of(self.ann), True)
        models = {
            "privacy.consent": [],
            "privacy.consent.event": [("consent_id", "!=", False)],
            "privacy.consent.event.detail": [],
            "privacy.consent.request": [],
        }
        for model, domain in models.items():
            ours, theirs = self.visible(model, domain)
            self.assertTrue(ours, model)
            self.assertFalse(theirs, model)
        seen = self.ann.with_user(self.officer)
        self.assertFalse(seen.privacy_consent_count)
        self.assertFalse(seen.privacy_consent_ids)
        with self.assertRaises(AccessError):
            self.consent_of(self.ann).with_user(self.officer).read(["activity_name"])
        self.activity.controller_id = self.company.partner_id
        self.env.flush_all()
        for model, domain in models.items():
            ours, theirs = self.visible(model, domain)
            self.assertFalse(ours, model)
            self.assertTrue(theirs, model)
        activity = self.activity.with_user(self.officer)
        self.assertEqual(activity.consent_progress()["generated"], 2)
        self.assertEqual(activity.consent_count, 2)
        groups = self.env["privacy.consent"]
        ours = [("activity_id", "=", self.activity.id)]
        for user, count in ((self.manager, 0), (self.officer, 2)):
            found = groups.with_user(user)._read_group(ours, [], ["__count"])
            self.assertEqual(found, [(count,)])
            counted_sudo, seen = self.activity.with_user(user)._consents_seen_sudo()
            self.assertEqual(counted_sudo.search_count(seen), count)

    def test_erased_consent_is_still_of_its_controller(self):
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        events = consent.event_ids
        self.assertTrue(events)
        uuid = consent.uuid
        consent._erase("They wished so")
        erased = [("consent_uuid", "=", uuid), ("consent_id", "=", False)]
        ours, theirs = self.visible("privacy.consent.event", erased)
        self.assertLess(events, ours)
        self.assertFalse(theirs)
        ours, theirs = self.visible("privacy.consent.event.detail")
        self.assertTrue(ours)
        self.assertFalse(theirs)

    def test_texts_follow_the_controller(self):
        self.generate()
        press(self.consent_of(self.ann), True)
        domain = [("activity_uuid", "=", self.activity.uuid)]
        texts = self.env["privacy.consent.text"].search(domain)
        for company, visible in (
            (self.env.company, (True, False)),
            (self.company, (False, True)),
        ):
            self.activity.controller_id = company.partner_id
            self.env.flush_all()
            self.env.invalidate_all()
            users = (self.manager, self.officer)
            for user, may_read in zip(users, visible, strict=True):
                with self.subTest(company.name, user=user.name):
                    found = texts.with_user(user).search(domain)
                    self.assertEqual(bool(found & texts), may_read)
                    self.assertEqual(texts.with_user(user).has_access("read"), may_read)

    def test_consents_of_hidden_activities_are_not_created(self):
        self.mute.email = "mute@example.com"
        with self.assertRaises(AccessError):
            self.env["privacy.consent"].with_user(self.officer).create(
                {"partner_id": self.mute.id, "activity_id": self.activity.id}
            )

    def test_made_up_consent_tells_nothing_of_hidden_records(self):
        """A client gives a form any values, also in place of those of a real one."""
        self.generate()
        self.ann.company_id = self.env.company
        free = self.env["privacy.activity"].create(
            {"name": "Free", "controller_id": self.env["res.partner"].create(AGENCY).id}
        )
        own = self.env["privacy.consent"].create(
            {"partner_id": self.luc.id, "activity_id": free.id}
        )
        self.env.flush_all()
        made_up = {"partner_id": self.ann.id, "activity_id": free.id}
        for consents, values, shown in (
            (own.browse(), made_up, "subject_name"),
            (own, {"partner_id": self.ann.id}, "subject_name"),
            (own, {"activity_id": self.activity.id}, "activity_description"),
        ):
            self.env.invalidate_all()
            form = consents.with_user(self.officer)
            fields = dict.fromkeys([*values, shown], {})
            told = form.onchange(values, list(values), fields)["value"]
            self.assertNotIn(shown, told)

    def test_controller_is_changed_by_who_may_choose_it(self):
        activity = self.activity.with_user(self.manager)
        employee = self.env["res.partner"].create(
            {"name": "Board", "company_id": self.company.id}
        )
        for controller in (self.company.partner_id, employee):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                activity.write({"controller_id": controller.id})
            self.env.invalidate_all()
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                activity.copy({"controller_id": controller.id})
        self.manager.company_ids += self.company
        both = activity.with_context(
            allowed_company_ids=(self.env.company + self.company).ids
        )
        both.controller_id = self.company.partner_id
        self.assertEqual(self.activity.controller_company_id, self.company)

    def test_company_of_a_contact_that_is_a_controller_already(self):
        self.activity.controller_id = agency = self.env["res.partner"].create(AGENCY)
        self.generate()
        self.assertTrue(self.visible("privacy.consent")[1])
        own = self.env["res.company"].create(
            {"name": "Agency Ltd", "partner_id": agency.id}
        )
        self.assertEqual(self.activity.controller_company_id, own)
        self.assertFalse(self.visible("privacy.consent")[1])

    def test_asked_by_one_company_is_asked(self):
        """A consent that the other company may not see still counts as asked."""
        # A colleague's contact is visible in all companies, its consent is not.
        new_test_user(
            self.env,
            "colleague",
            partner_id=self.ann.id,
            email=self.ann.email,
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.ann.company_id = self.company
        self.env["privacy.consent"].create(
            {"partner_id": self.ann.id, "activity_id": self.activity.id}
        )
        consents = self.env["privacy.consent"].with_user(self.manager)
        ours = [("activity_id", "=", self.activity.id)]
        self.assertFalse(consents.search(ours))
        self.activity.controller_id = self.env["res.partner"].create(AGENCY)
        self.assertEqual(self.generate().partner_id, self.luc)

    def test_button_and_scheduled_action_ask_the_same(self):
        agency = self.env["res.partner"].create(AGENCY)
        own = self._create_subject(
            "Own", "own@example.com", company_id=self.env.company.id
        )
        self.ann.company_id = self.company
        for controller, expected in (
            (self.env.company.partner_id, self.luc + own),
            (agency, self.luc),
        ):
            by_cron, by_button = (
                self.activity.copy({"controller_id": controller.id}) for _ in range(2)
            )
            by_button.consent_required = "manual"
            self.env["privacy.activity"]._cron_new_consents()
            self.assertEqual(by_cron.consent_ids.partner_id, expected)
            self.assertEqual(self.generate(by_button).partner_id, expected)
            self.assertFalse(self.generate(by_cron))

    def test_branches_of_the_controller_are_asked(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.activity.controller_id = self.company.partner_id
        self.ann.company_id = branch
        self.luc.company_id = self.env.company
        self.assertEqual(self.activity._subjects_missing(), self.ann)
        branch.active = False
        self.assertEqual(self.activity._subjects_missing(), self.ann)

    def test_only_company_is_everybodys(self):
        self.officer.active = False
        self.company.active = False
        self.activity.controller_id = self.env["res.partner"].create(AGENCY)
        self.ann.company_id = self.env.company
        by_cron = self.activity.copy()
        self.env["privacy.activity"]._cron_new_consents()
        self.assertEqual(by_cron.consent_ids.partner_id, self.ann + self.luc)
        self.assertEqual(
            self.generate(self.activity.copy()).partner_id, self.ann + self.luc
        )

    def test_activity_with_consents_of_another_company_is_kept(self):
        self.generate()
        (self.ann + self.luc).company_id = self.company
        self.assertFalse(self.activity.with_user(self.manager).consent_count)
        with self.assertRaisesRegex(UserError, "Archive the activity"):
            self.activity.with_user(self.manager).unlink()
