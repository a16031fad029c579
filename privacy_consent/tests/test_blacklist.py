# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who does not consent is on the blacklist, and leaves it only if nobody else minds."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .answers import press
from .common import ConsentCase


class BlacklistCase(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.action = cls.env.ref("privacy_consent.sync_blacklist")
        cls.activity.server_action_id = cls.action

    def entry(self, address="ann@example.com"):
        """:return: the entry of an address, whether it is still on the list or not"""
        entries = self.env["mail.blacklist"].with_context(active_test=False)
        return entries.search([("email", "=", address)])

    def asked(self, activity=None, partner=None):
        """:return: the consent of somebody who was just asked"""
        self.generate(activity)
        self.run_queue()
        return self.consent_of(partner or self.ann, activity)

    def accept(self, consent):
        """Have the subject accept a while later, so that it looks like a person."""
        self.minutes = getattr(self, "minutes", 0) + 5
        with self.at(self.later(minutes=self.minutes)):
            press(consent, True)


class TestBlacklist(BlacklistCase):
    def test_who_is_asked_is_put_on_it_until_they_accept(self):
        consent = self.asked()
        self.assertTrue(self.entry().active)
        self.assertTrue(self.entry().consent_opt_out)
        self.accept(consent)
        self.assertFalse(self.entry().active)
        self.assertFalse(self.entry().consent_opt_out)
        with self.at(self.later(hours=1)):
            press(consent, False)
        self.assertTrue(self.entry().active)
        self.assertTrue(self.entry().consent_opt_out)

    def test_entry_of_others_stays(self):
        entry = self.env["mail.blacklist"].create({"email": "ann@example.com"})
        consent = self.asked()
        self.assertFalse(entry.consent_opt_out)
        self.accept(consent)
        self.assertTrue(entry.active)

    def test_others_put_it_there_as_well(self):
        """It is theirs, by whatever door they came, although it was there already."""
        blacklist = self.env["mail.blacklist"]
        consent = self.asked()
        entry = self.entry()
        erasure = self.env["privacy.consent.erase"].create(
            {
                "consent_ids": self.consent_of(self.luc).ids,
                "reason": "They wished so",
                "blacklist": True,
            }
        )
        doors = {
            "_add": lambda: blacklist._add("Ann <ANN@example.com>"),
            "_add with a reason": lambda: blacklist._add("ann@example.com", "Spam"),
            "action_add": entry.action_add,
            "create": lambda: blacklist.create({"email": "Ann@Example.com"}),
            "create many": lambda: blacklist.create(
                [{"email": "ann@example.com"}, {"email": "eve@example.com"}]
            ),
            "import": lambda: blacklist.load(["email"], [["ann@example.com"]]),
            "write": lambda: entry.write({"active": True}),
            "unarchive": lambda: (entry.action_archive(), entry.action_unarchive()),
            "by itself": lambda: entry.write({"consent_opt_out": True}),
            "remove, add": lambda: (
                blacklist._remove("ann@example.com"),
                blacklist._add("ann@example.com"),
            ),
            "another address": lambda: (
                entry.write({"email": "eve@example.com"}),
                entry.write({"email": "ann@example.com"}),
            ),
        }
        for name, door in doors.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                door()
                self.env.flush_all()
                self.assertFalse(entry.consent_opt_out)
                self.accept(consent)
                self.assertTrue(entry.active)
                savepoint.rollback()
                self.env.invalidate_all()
                self.assertTrue(entry.consent_opt_out)
        erasure.action_erase()
        self.assertFalse(self.entry("luc@example.com").consent_opt_out)
        self.assertTrue(self.entry("luc@example.com").consent_erased)

    def test_nobody_says_that_it_was_the_action(self):
        blacklist = self.env["mail.blacklist"]
        for entry in (
            blacklist.create({"email": "eve@example.com", "consent_opt_out": True}),
            blacklist.with_context(default_consent_opt_out=True).create(
                {"email": "adam@example.com"}
            ),
        ):
            self.assertFalse(entry.consent_opt_out)

    def test_others_took_it_off(self):
        consent = self.asked()
        self.env["mail.blacklist"]._remove("ann@example.com")
        self.assertFalse(self.entry().consent_opt_out)
        self.accept(consent)
        self.assertFalse(self.entry().active)

    def test_accepting_what_put_nobody_there_makes_no_entry(self):
        self.activity.default_consent = True
        consent = self.asked()
        self.accept(consent)
        self.assertFalse(self.entry())

    def test_no_to_another_activity_keeps_it(self):
        survey = self.activity.copy({"name": "Survey"})
        survey.server_action_id = self.action
        letter, survey = self.asked(), self.asked(survey)
        self.accept(letter)
        self.assertTrue(self.entry().active, "asked about the survey, not answered")
        press(survey, False)
        self.accept(letter)
        self.assertTrue(self.entry().active, "refused the survey")
        self.assertEqual(survey.status, "refused")
        survey.active = False
        self.accept(letter)
        self.assertTrue(self.entry().active, "an archived refusal is one")
        self.accept(survey)
        self.assertFalse(self.entry().active)

    def test_other_contact_with_the_address_keeps_it(self):
        twin = self._create_subject("Twin", "Twin <ANN@example.com>")
        ann = self.asked()
        self.accept(ann)
        self.assertTrue(self.entry().active)
        twin.active = False
        self.accept(self.consent_of(twin))
        self.assertFalse(self.entry().active)

    def test_second_address_of_another_contact_keeps_it(self):
        twin = self._create_subject("Twin", "twin@example.com; Twin <ANN@example.com>")
        self._create_subject("No twin", "x@example.com, joann@example.com")
        ann = self.asked()
        press(self.consent_of(twin), False)
        self.accept(ann)
        self.assertTrue(self.entry().active)
        self.accept(self.consent_of(twin))
        self.accept(ann)
        self.assertFalse(self.entry().active)

    def test_other_contact_that_was_asked_there_keeps_it(self):
        twin = self._create_subject("Twin", "ann@example.com")
        ann = self.asked()
        press(self.consent_of(twin), False)
        twin.email = "twin@example.com"
        self.accept(ann)
        self.assertTrue(self.entry().active)

    def test_words_of_programs_do_not_outweigh_a_refusal(self):
        survey = self.activity.copy({"name": "Survey"})
        survey.server_action_id = self.action
        letter, survey = self.asked(), self.asked(survey)
        press(survey, False)
        survey.action_answer(True)
        self.assertEqual(survey.answered_by, "system")
        self.accept(letter)
        self.assertTrue(self.entry().active)
        with self.at(self.later(hours=1)):
            press(survey, False)
        with self.at(self.later(hours=2)):
            press(survey, True, agent="scanner")
        self.assertTrue(survey.suspected_automated)
        self.accept(letter)
        self.assertTrue(self.entry().active)

    def test_what_is_assumed_keeps_nobody_there(self):
        survey = self.activity.copy({"name": "Survey", "default_consent": True})
        survey.server_action_id = self.action
        letter, _survey = self.asked(), self.asked(survey)
        self.accept(letter)
        self.assertFalse(self.entry().active)

    def test_activities_without_the_action_keep_nobody_there(self):
        letter, survey = self.asked(), self.asked(self.activity.copy())
        press(survey, False)
        self.accept(letter)
        self.assertFalse(self.entry().active)

    def test_merged_consent_keeps_nobody_there(self):
        twin = self._create_subject("Twin", "ann@example.com")
        consent = self.asked()
        merge = self.env["base.partner.merge.automatic.wizard"]
        merge._merge((self.ann + twin).ids, self.ann)
        survivor = consent._surviving()
        self.accept(survivor)
        self.assertFalse(self.entry().active)

    def test_yes_ends_that_was_given(self):
        consent = self.asked()
        self.accept(consent)
        consent._invalidate()
        self.assertTrue(self.entry().active)

    def test_address_that_was_asked_counts(self):
        """Not one that somebody entered since: it may be anybody's."""
        consent = self.asked()
        self.ann.email = "new@example.com"
        press(consent, False)
        self.assertTrue(self.entry().active)
        self.assertFalse(self.entry("new@example.com"))
        self.accept(consent)
        self.assertFalse(self.entry().active)
        self.assertFalse(self.entry("new@example.com"))
        with self.at(self.later(hours=2)):
            consent.action_auto_ask()
            self.run_queue()
        with self.at(self.later(hours=3)):
            press(consent, False)
        self.assertTrue(self.entry("new@example.com").active)
        self.assertFalse(self.entry().active)

    def test_address_of_who_was_not_asked_by_mail(self):
        consent = self.env["privacy.consent"].create(
            {
                "partner_id": self.ann.id,
                "activity_id": self.activity.id,
                "accepted": False,
                "state": "answered",
            }
        )
        self.assertTrue(self.entry().consent_opt_out)
        consent.with_user(self.manager).accepted = True
        self.assertFalse(self.entry().active)

    def test_without_an_address(self):
        consent = self.env["privacy.consent"].create(
            {
                "partner_id": self.mute.id,
                "activity_id": self.activity.id,
                "state": "answered",
            }
        )
        self.assertFalse(consent.action_error)

    def test_archived_entries_do_not_count(self):
        self.env["mail.blacklist"]._remove("ann@example.com")
        consent = self.asked()
        self.env["mail.blacklist"]._remove("ann@example.com")
        consent.with_context(active_test=False).action_run_again()
        self.assertTrue(self.entry().active)
        self.assertFalse(consent.action_error)

    def test_action_of_an_administrator_that_does_the_same(self):
        """It keeps whom the shipped one keeps, and the other way round."""
        own = self.action.copy({"code": "records._sync_blacklist()"})
        survey = self.activity.copy({"name": "Survey"})
        survey.server_action_id = own
        letter, survey = self.asked(), self.asked(survey)
        self.accept(survey)
        self.assertTrue(self.entry().active)
        press(survey, False)
        self.accept(letter)
        self.accept(survey)
        self.assertFalse(self.entry().active)


class TestBlacklistDialog(BlacklistCase):
    def count(self, activity=None):
        """:return: what the dialog says to the manager"""
        activity = (activity or self.activity).with_user(self.manager)
        action = activity.action_confirm_new_consents()
        dialog = self.env[action["res_model"]].with_user(self.manager)
        return dialog.browse(action["res_id"]).opt_out_count

    def test_people_who_get_no_mailings_until_they_accept(self):
        self.assertEqual(self.count(), 2)
        self.env["mail.blacklist"]._add("ann@example.com")
        self.assertEqual(self.count(), 1)
        self.env["mail.blacklist"]._remove("ann@example.com")
        self.assertEqual(self.count(), 2)
        self.activity.default_consent = True
        self.assertEqual(self.count(), 0)

    def test_other_action(self):
        self.activity.server_action_id = self.action.copy({"code": "pass"})
        self.assertEqual(self.count(), 0)
        self.activity.server_action_id = False
        self.assertEqual(self.count(), 0)

    def test_cancelled_requests(self):
        self.generate()
        activity = self.activity.with_user(self.manager)
        activity.action_stop_asking()
        self._create_subject("Eve", "eve@example.com")
        self.env["mail.blacklist"]._add("luc@example.com")
        self.assertEqual(self.count(), 2)
        activity.action_continue_asking()
        self.run_queue()
        put_there = self.env["mail.blacklist"].search([("consent_opt_out", "=", True)])
        self.assertEqual(
            set(put_there.mapped("email")), {"ann@example.com", "eve@example.com"}
        )

    def test_nobody_is_asked_by_hand_activities(self):
        self.activity.consent_required = "manual"
        self.generate()
        self._create_subject("Eve", "eve@example.com")
        self.activity.asking_stopped = True
        self.assertEqual(self.count(), 0)


class TestServerActionField(BlacklistCase):
    def test_manager_reads_it(self):
        activity = self.activity.with_user(self.manager)
        self.assertEqual(
            activity.read(["server_action_id"])[0]["server_action_id"],
            (self.action.id, "Update partner's opt out"),
        )
        read = activity.web_read({"server_action_id": {"fields": {"display_name": {}}}})
        self.assertEqual(
            read[0]["server_action_id"],
            {"id": self.action.id, "display_name": "Update partner's opt out"},
        )
        with self.assertRaises(AccessError):
            self.action.with_user(self.manager).read(["name"])
        self.assertIn('name="server_action_id"', activity.get_view()["arch"])
        described = activity.fields_get(["server_action_id"])["server_action_id"]
        self.assertTrue(described["readonly"])
        self.assertIn("no mailings until they accept", described["help"])

    def test_manager_does_not_choose_it(self):
        activities = self.env["privacy.activity"].with_user(self.manager)
        activity = self.activity.with_user(self.manager)
        values = {"name": "Mine", "server_action_id": self.action.id}
        by_default = activities.with_context(default_server_action_id=self.action.id)
        for name, door in {
            "write": lambda: activity.write({"server_action_id": self.action.id}),
            "empty": lambda: activity.write({"server_action_id": False}),
            "web_save": lambda: activity.web_save({"server_action_id": False}, {}),
            "create": lambda: activities.create(values),
            "copy": lambda: activity.copy({"server_action_id": self.action.id}),
            "context": lambda: by_default.create({"name": "Mine"}),
        }.items():
            with self.subTest(name), self.assertRaises(AccessError):
                door()
        imported = activities.load(
            ["name", "server_action_id/.id"], [["Mine", str(self.action.id)]]
        )
        self.assertFalse(imported["ids"])
        self.assertTrue(imported["messages"])

    def test_no_default_chooses_it(self):
        activities = self.env["privacy.activity"]
        self.env["ir.default"].set(
            activities._name, "server_action_id", self.action.id, self.manager.id
        )
        mine = activities.with_user(self.manager)
        self.assertFalse(mine.create({"name": "Mine"}).server_action_id)
        self.assertNotIn("server_action_id", mine.default_get(["server_action_id"]))
        trusted = activities.with_context(default_server_action_id=self.action.id)
        self.assertFalse(trusted.create({"name": "Mine"}).server_action_id)

    def test_duplicate_has_none(self):
        copy = self.activity.with_user(self.manager).copy()
        self.assertFalse(copy.sudo().server_action_id)

    def test_administrator_chooses_it(self):
        chief = new_test_user(
            self.env,
            "chief",
            groups="base.group_system,privacy.group_data_protection_manager",
        )
        activity = self.activity.with_user(chief)
        activity.server_action_id = False
        activity.server_action_id = self.action
        self.assertEqual(self.activity.server_action_id, self.action)
        described = activity.fields_get(["server_action_id"])["server_action_id"]
        self.assertFalse(described["readonly"])
