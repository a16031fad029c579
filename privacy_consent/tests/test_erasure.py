# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""After an erasure nothing tells who the person was, and everything else stays."""

from datetime import date

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..models.guard import erasing
from .answers import deliver, press
from .common import ConsentCase
from .searches import tables_that_name

# What occurs nowhere else in the database.
NAME = "Xanthippe Quillfeather"
ADDRESS = "xanthippe@quillfeather.example"
NETWORK = "203.0.113.77"
PROGRAM = "Mozilla/5.0 (X11; Zirkon 7.7) Gecko/20100101 Firefox/140.0"
PERSONAL = (NAME, ADDRESS, NETWORK, PROGRAM)


class TestErasure(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.zoe = cls._create_subject(NAME, ADDRESS, lang="en_US")
        # Whoever follows gets copies of messages in their inbox and by mail.
        cls.manager.notification_type = "inbox"
        cls.activity.message_subscribe(
            cls.manager.partner_id.ids,
            cls.env["mail.message.subtype"].search([]).ids,
        )
        cls.generate()
        cls.run_queue()
        cls.consent = cls.consent_of(cls.zoe)
        press(cls.consent, True, agent=PROGRAM, address=NETWORK)
        cls.env.cr.flush()

    def rows(self, query, *parameters):
        self.env.flush_all()
        self.env.cr.execute(query, parameters)
        return self.env.cr.fetchall()

    def events(self, consent_uuid):
        """:return: the events of a consent as rows, without the link to it"""
        return self.rows(
            "SELECT to_jsonb(event) - 'consent_id' FROM privacy_consent_event event"
            " WHERE consent_uuid = %s AND kind <> 'erased' ORDER BY id",
            consent_uuid,
        )

    def erased(self, consent_uuid):
        """:return: the event that the erasure added"""
        return self.env["privacy.consent.event"].search(
            [("consent_uuid", "=", consent_uuid), ("kind", "=", "erased")]
        )

    def wizard(self, consents=None, user=None, **values):
        consents = self.consent if consents is None else consents
        return (
            self.env["privacy.consent.erase"]
            .with_user(user or self.manager)
            .with_context(active_model="privacy.consent", active_ids=consents.ids)
            .create({"reason": "The person asked for it.", **values})
        )

    # What goes ------------------------------------------------------------------

    def test_nothing_names_the_person(self):
        other = self.activity.copy({"name": "Survey"})
        self.generate(other)
        self.consent_of(self.zoe, other).message_post(
            body=f"{NAME} called.",
            partner_ids=self.manager.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
            attachments=[("notes.txt", ADDRESS.encode())],
        )
        composer = self.consent.with_user(self.manager).action_manual_ask()
        self.env["mail.compose.message"].with_user(self.manager).with_context(
            **composer["context"]
        ).create({})
        self.consent.with_user(self.manager).write({"accepted": False})
        press(self.consent, True, agent=PROGRAM, address=NETWORK)
        before = tables_that_name(self.env, *PERSONAL)
        self.assertLessEqual(
            {
                "mail_compose_message",
                "mail_mail",
                "mail_message",
                "privacy_consent",
                "privacy_consent_event_detail",
                "privacy_consent_request",
            },
            before,
        )
        mails = self.env["mail.mail"].search(
            [("model", "=", "privacy.consent"), ("res_id", "in", self.zoe.ids)]
        )
        consents = self.consent + self.consent_of(self.zoe, other)
        consents._erase("Art. 17(1)(b) GDPR")
        self.assertFalse(consents.exists())
        self.assertFalse(mails.exists())
        self.zoe.with_user(self.manager).unlink()
        # Odoo deletes notifications of the web client after a day.
        self.assertEqual(tables_that_name(self.env, *PERSONAL) - {"bus_bus"}, set())

    def test_events_and_texts_stay_as_they_were(self):
        identity = self.consent.uuid
        before = self.events(identity)
        texts = self.rows("SELECT to_jsonb(t) FROM privacy_consent_text t ORDER BY id")
        self.assertEqual(
            [row[0]["kind"] for row in before],
            ["requested", "given"],
        )
        self.assertTrue(all(row[0]["detail_digest"] for row in before))
        self.assertTrue(before[1][0]["origin_digest"])
        self.consent._erase("Asked for")
        self.assertEqual(self.events(identity), before)
        self.assertEqual(
            self.rows("SELECT to_jsonb(t) FROM privacy_consent_text t ORDER BY id"),
            texts,
        )
        ids = [row[0]["id"] for row in before]
        self.assertFalse(
            self.rows(
                "SELECT id FROM privacy_consent_event_detail WHERE event_id IN %s",
                tuple(ids),
            )
        )
        events = self.env["privacy.consent.event"].browse(ids)
        self.assertFalse(events.consent_id)
        self.assertFalse(events[0].person)

    def test_who_erased_and_why_stays(self):
        identity = self.consent.uuid
        self.consent.with_user(self.manager)._erase(" Asked for ")
        event = self.erased(identity)
        self.assertEqual(event.by, "staff")
        self.assertEqual(event.channel, "api")
        self.assertEqual(event.note, "Asked for")
        self.assertEqual(event.staff, self.manager.name)
        self.assertFalse(event.person)
        self.assertFalse(event.email)
        self.assertFalse(event.consent_id)

    def test_reason_is_needed(self):
        for reason in ("", "  ", False, None):
            with self.assertRaisesRegex(UserError, "reason"):
                self.consent._erase(reason)
        self.assertTrue(self.consent.exists())

    def test_nothing_to_erase(self):
        self.env["privacy.consent"]._erase("Asked for")
        self.assertFalse(
            self.env["privacy.consent.event"].search([("kind", "=", "erased")])
        )

    def test_second_person_is_untouched(self):
        other = self.consent_of(self.ann)
        press(other, False)
        tables = (
            ("privacy_consent", "id = %s"),
            ("privacy_consent_event", "consent_id = %s"),
            ("privacy_consent_request", "consent_id = %s"),
            ("mail_message", "model = 'privacy.consent' AND res_id = %s"),
            ("mail_followers", "res_model = 'privacy.consent' AND res_id = %s"),
            (
                "privacy_consent_event_detail",
                "event_id IN (SELECT id FROM privacy_consent_event"
                " WHERE consent_id = %s)",
            ),
            (
                "mail_mail",
                "mail_message_id IN (SELECT id FROM mail_message"
                " WHERE model = 'privacy.consent' AND res_id = %s)",
            ),
        )

        def stored():
            return {
                table: self.rows(
                    f"SELECT to_jsonb(t) FROM {table} t WHERE {where} ORDER BY id",
                    other.id,
                )
                for table, where in tables
            }

        before = stored()
        self.assertTrue(all(before.values()))
        self.consent._erase("Asked for")
        self.assertEqual(stored(), before)

    def test_waiting_request_does_not_leave(self):
        self.consent.action_auto_ask()
        self.consent._erase("Asked for")
        self.assertFalse([mail for mail in self.run_queue() if ADDRESS in mail.to])

    def test_delivery_that_nobody_followed_yet_is_proven_first(self):
        consent = self.consent_of(self.luc)
        request = consent.request_ids
        consent.action_auto_ask()
        new = consent.request_ids - request
        deliver(consent, new.mail_id)
        identity = (consent.uuid, new.uuid)
        consent._erase("Asked for")
        kinds = self.rows(
            "SELECT kind FROM privacy_consent_event"
            " WHERE consent_uuid = %s AND request_uuid = %s",
            *identity,
        )
        self.assertEqual(kinds, [("requested",)])

    def test_merged_contacts(self):
        third = self._create_subject("Third", "third@example.com")
        self.generate()
        self.run_queue()
        consents = self.consent + self.consent_of(self.luc) + self.consent_of(third)
        identities = consents.mapped("uuid")
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.zoe + self.luc).ids, self.luc)
        wizard._merge((third + self.luc).ids, third)
        self.assertEqual(len(consents.merged_into_id), 1)
        middle = consents.filtered("merged_into_id")[:1]
        middle._erase("Asked for")
        self.assertFalse(consents.exists())
        for identity in identities:
            self.assertTrue(self.erased(identity))
        third.unlink()
        self.assertEqual(
            tables_that_name(self.env, ADDRESS, NETWORK) - {"bus_bus"}, set()
        )

    def test_chain_of_merges(self):
        third = self._create_subject("Third", "third@example.com")
        self.generate()
        self.run_queue()
        first, second = self.consent, self.consent_of(self.luc)
        last = self.consent_of(third)
        wizard = self.env["base.partner.merge.automatic.wizard"]
        press(second, True)
        wizard._merge((self.zoe + self.luc).ids, self.luc)
        press(last, True)
        wizard._merge((third + self.luc).ids, third)
        self.assertEqual(first.merged_into_id.merged_into_id, last)
        first._erase("Asked for")
        self.assertFalse((first + second + last).exists())

    def test_all_or_nothing(self):
        """Another addon refuses to let one of them go."""
        consents = self.consent + self.consent_of(self.ann)
        self.env.cr.execute(
            "CREATE TABLE other_addon (consent_id integer NOT NULL"
            " REFERENCES privacy_consent ON DELETE RESTRICT)"
        )
        self.env.cr.execute(
            "INSERT INTO other_addon VALUES (%s)", [self.consent_of(self.ann).id]
        )
        before = self.events(self.consent.uuid)
        with (
            self.assertRaisesRegex(Exception, "other_addon"),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            consents._erase("Asked for")
        self.assertEqual(self.consent.event_ids[0].person, NAME)
        self.assertTrue(self.consent.request_ids)
        self.assertEqual(self.events(self.consent.uuid), before)
        self.assertFalse(self.erased(self.consent.uuid))

    def test_many_in_few_queries(self):
        def make(count):
            partners = self.env["res.partner"].create(
                [
                    {
                        "name": f"Person {number}",
                        "email": f"p{number}@example.com",
                        "category_id": [Command.set(self.marker.ids)],
                    }
                    for number in range(count)
                ]
            )
            self.generate()
            consents = self.activity.consent_ids.filtered(
                lambda one: one.partner_id in partners
            )
            for mail in consents.request_ids.mail_id:
                consent = mail._consent_asked()
                deliver(consent, mail)
            consents.request_ids._follow()
            self.env.flush_all()
            self.env.invalidate_all()
            return consents

        def queries(consents):
            partners = consents.partner_id
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            consents._erase("Asked for")
            self.env.flush_all()
            count = self.env.cr.sql_log_count - before
            # or else they are asked again
            partners.unlink()
            return count

        few = queries(make(10))
        many = make(100)
        self.assertEqual(len(many), 100)
        count = queries(many)
        self.assertLess(count, few + 20)

    # Files ----------------------------------------------------------------------

    def file(self, **values):
        return self.env["ir.attachment"].create(
            {"name": "terms.pdf", "raw": b"terms", **values}
        )

    def test_file_of_a_template_stays(self):
        file = self.file(res_model="mail.template", res_id=self.template.id)
        self.template.attachment_ids = file
        self.consent.action_auto_ask()
        copy = self.consent.message_ids.attachment_ids
        self.assertEqual(copy.name, file.name)
        self.assertNotEqual(copy, file)
        self.consent._erase("Asked for")
        self.assertTrue(file.exists())
        self.assertFalse(copy.exists())

    def test_file_that_another_request_uses_stays(self):
        other = self.consent_of(self.ann)
        shared = self.file(res_model="privacy.consent", res_id=self.consent.id)
        unowned = self.file()
        for consent in self.consent + other:
            consent.message_ids[:1].sudo().attachment_ids += shared + unowned
        own = self.file(res_model="privacy.consent", res_id=self.consent.id)
        alone = self.file()
        self.consent.message_ids[:1].sudo().attachment_ids += own + alone
        self.consent._erase("Asked for")
        self.assertEqual((shared + unowned + own + alone).exists(), shared + unowned)
        self.assertEqual((shared.res_model, shared.res_id), (other._name, other.id))
        other._erase("Asked for")
        self.assertFalse((shared + unowned).exists())

    def test_file_of_another_record_stays(self):
        file = self.file(res_model="res.partner", res_id=self.ann.id)
        self.consent.message_ids[:1].sudo().attachment_ids += file
        self.consent._erase("Asked for")
        self.assertTrue(file.exists())

    # The dialog -------------------------------------------------------------------

    def test_manager_erases(self):
        identity = self.consent.uuid
        wizard = self.wizard()
        self.assertEqual(wizard.consent_count, 1)
        action = wizard.action_erase()
        self.assertEqual(action["res_model"], "privacy.consent")
        self.assertFalse(self.consent.exists())
        self.assertEqual(self.erased(identity).by, "staff")
        self.assertEqual(self.erased(identity).note, "The person asked for it.")

    def test_several_archived_ones_too(self):
        consents = self.consent + self.consent_of(self.ann)
        self.consent.action_archive()
        self.wizard(consents).action_erase()
        self.assertFalse(consents.exists())

    def test_only_managers_erase(self):
        employee = new_test_user(self.env, "employee", groups="base.group_user")
        wizard = self.wizard()
        for user in (self.reader, employee):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base"):
                wizard.with_user(user).action_erase()
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base"):
                self.wizard(user=user)
        self.assertTrue(self.consent.exists())

    def test_other_company(self):
        company = self.env["res.company"].create({"name": "Other company"})
        officer = new_test_user(
            self.env,
            "officer",
            groups="privacy.group_data_protection_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        agency = self.env["res.partner"].create({"name": "Agency of all companies"})
        self.consent.activity_id.controller_id = agency
        self.zoe.company_id = self.env.company
        self.env.flush_all()
        consents = self.consent + self.consent_of(self.ann)
        for choice in ("now", "lock"):
            with (
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_rule"),
                self.env.cr.savepoint(),
            ):
                self.wizard(
                    consents,
                    officer,
                    choice=choice,
                    blacklist=True,
                    locked_until="2199-01-01",
                ).action_erase()
        self.assertEqual(consents.exists(), consents)
        self.assertFalse(self.consent.locked_until)
        self.assertFalse(self.blacklisted(self.ann))
        # The contact goes to another company while the dialog is open.
        self.zoe.company_id = False
        wizard = self.wizard(consents, officer)
        self.zoe.company_id = self.env.company
        self.env.flush_all()
        self.env.invalidate_all()
        with (
            self.assertRaises(AccessError),
            mute_logger("odoo.addons.base.models.ir_rule"),
        ):
            wizard.action_erase()
        self.assertEqual(consents.exists(), consents)

    def test_dialog_without_a_reason(self):
        with self.assertRaisesRegex(UserError, "reason"):
            self.wizard(reason=" ").action_erase()

    def test_context_of_another_model_chooses_nothing(self):
        wizard = (
            self.env["privacy.consent.erase"]
            .with_context(active_model="res.partner", active_ids=self.consent.ids)
            .new({})
        )
        self.assertFalse(wizard.consent_ids)

    def blacklisted(self, partner):
        return self.env["mail.blacklist"].search(
            [("email", "=", partner.email_normalized)]
        )

    def test_address_is_asked_again(self):
        self.wizard().action_erase()
        self.assertFalse(self.blacklisted(self.zoe))
        self.assertEqual(self.generate().partner_id, self.zoe)

    def test_address_on_the_blacklist_is_not(self):
        self.wizard(blacklist=True).action_erase()
        self.assertTrue(self.blacklisted(self.zoe))
        self.assertFalse(self.generate())
        self.assertEqual(self.activity._count_subjects_missing(), 0)
        self.env["mail.blacklist"]._remove(ADDRESS)
        self.assertEqual(self.generate().partner_id, self.zoe)

    def test_blacklist_of_mailings_keeps_nobody_from_being_asked(self):
        yves = self._create_subject("Yves", "yves@example.com")
        self.env["mail.blacklist"]._add(yves.email)
        self.assertEqual(self.generate().partner_id, yves)

    def test_contact_without_an_address_is_not_blacklisted(self):
        self.zoe.email = False
        self.wizard(blacklist=True).action_erase()
        self.assertFalse(self.env["mail.blacklist"].search([("email", "=", False)]))

    # The lock ---------------------------------------------------------------------

    def lock(self, until="2199-12-31", **values):
        self.wizard(choice="lock", locked_until=until, **values).action_erase()

    def test_locked_proof_stays_and_is_out_of_use(self):
        before = self.events(self.consent.uuid)
        self.lock(reason="A claim is open.")
        self.assertFalse(self.consent.active)
        self.assertEqual(self.consent.locked_until, date(2199, 12, 31))
        self.assertEqual(self.events(self.consent.uuid), before)
        self.assertTrue(self.consent.event_ids[0].person)
        self.assertIn("A claim is open.", self.consent.message_ids[0].body)
        self.assertEqual(self.consent.message_ids[0].author_id, self.manager.partner_id)

    def test_locked_consent_is_not_unarchived(self):
        self.lock()
        for user in (self.manager, self.env.user):
            with (
                self.assertRaisesRegex(ValidationError, "locked until 2199-12-31"),
                self.env.cr.savepoint(),
            ):
                self.consent.with_user(user).action_unarchive()

    def test_nobody_unlocks(self):
        self.lock()
        with self.assertRaises(UserError):
            self.consent.with_user(self.manager).locked_until = False

    @mute_logger("odoo.addons.privacy_consent.models.privacy_consent_asking")
    def test_locked_consent_is_not_asked(self):
        self.lock()
        consent = self.consent.with_user(self.manager)
        with self.assertRaisesRegex(ValidationError, "locked until"):
            consent.action_manual_ask()
        self.assertFalse(consent.action_auto_ask())
        consent._send_consent_notification()
        self.assertEqual(consent.request_state, "failed")
        self.assertIn("locked until", consent.failure_reason)
        context = self.consent_of(self.ann).action_manual_ask()["context"]
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.manager)
            .with_context(**{**context, "default_res_ids": consent.ids})
            .create({})
        )
        with self.assertRaisesRegex(ValidationError, "locked until"):
            composer.action_send_mail()
        self.assertFalse(self.generate())

    def test_waiting_request_of_a_locked_consent_does_not_leave(self):
        self.consent.action_auto_ask()
        self.lock()
        self.assertFalse([mail for mail in self.run_queue() if ADDRESS in mail.to])

    def test_lock_needs_a_day_in_the_future(self):
        today = fields.Date.today()
        for until in (False, today, "2020-01-01"):
            with self.assertRaisesRegex(UserError, "in the future"):
                self.lock(until)
        with self.assertRaisesRegex(UserError, "reason"):
            self.lock(reason=" ")
        self.assertTrue(self.consent.active)

    def test_merged_consents_are_locked_together(self):
        other = self.consent_of(self.luc)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.zoe + self.luc).ids, self.luc
        )
        self.lock()
        self.assertTrue(other.locked_until)
        self.assertFalse(other.active)

    def run_daily_action(self, day):
        action = self.env.ref("privacy_consent.cron_erase_locked")
        with self.at(f"{day} 10:00:00"), self.enter_registry_test_mode():
            action.method_direct_trigger()
        self.env.invalidate_all()

    def test_locked_proof_is_erased_after_its_day(self):
        identity = self.consent.uuid
        self.lock("2199-12-31", reason="A claim is open.")
        self.run_daily_action("2199-12-31")
        self.assertTrue(self.consent.exists())
        self.run_daily_action("2200-01-01")
        self.assertFalse(self.consent.exists())
        self.assertEqual(self.erased(identity).by, "system")
        self.assertEqual(self.erased(identity).note, "A claim is open.")
        self.assertTrue(self.consent_of(self.ann).exists())

    def test_one_that_fails_stops_no_other(self):
        for partner in self.zoe + self.ann + self.luc:
            self.wizard(
                self.consent_of(partner), choice="lock", locked_until="2199-12-31"
            ).action_erase()
        self.env.cr.execute(
            "CREATE TABLE other_addon (consent_id integer NOT NULL"
            " REFERENCES privacy_consent ON DELETE RESTRICT)"
        )
        stuck = self.consent_of(self.ann)
        self.env.cr.execute("INSERT INTO other_addon VALUES (%s)", [stuck.id])
        loggers = ("odoo.sql_db", "odoo.addons.privacy_consent.models")
        with mute_logger(*loggers):
            self.run_daily_action("2200-01-01")
        self.assertFalse(self.consent.exists())
        self.assertFalse(self.consent_of(self.luc))
        self.assertTrue(stuck.event_ids[0].person)
        self.assertIn("other_addon", stuck.erasure_error)
        self.env.cr.execute("DROP TABLE other_addon")
        self.run_daily_action("2200-01-02")
        self.assertFalse(stuck.exists())

    def test_consent_given_after_the_lock_is_not_erased_with_it(self):
        """The locked person's contact was merged into one who answered later."""
        self.lock("2199-12-31")
        later = self.consent_of(self.luc)
        press(later, True)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.zoe + self.luc).ids, self.luc
        )
        self.assertEqual(self.consent.merged_into_id, later)
        self.run_daily_action("2200-01-01")
        self.assertFalse(self.consent.exists())
        self.assertTrue(later.exists())
        self.assertTrue(later.active)

    def test_longer_lock_of_a_merged_consent_holds(self):
        older = self.consent_of(self.luc)
        self.wizard(older, choice="lock", locked_until="2205-12-31").action_erase()
        self.lock("2199-12-31")
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.zoe + self.luc).ids, self.zoe
        )
        self.assertEqual(older.merged_into_id, self.consent)
        self.run_daily_action("2200-01-01")
        self.assertEqual(len((older + self.consent).exists()), 2)
        self.run_daily_action("2206-01-01")
        self.assertFalse((older + self.consent).exists())

    # Guards -----------------------------------------------------------------------

    def test_erasing_ends_with_an_error(self):
        """What cannot be deleted otherwise still cannot be."""
        with self.assertRaises(ZeroDivisionError), erasing(self.consent):
            raise ZeroDivisionError
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            self.consent.unlink()

    def test_proof_of_others_is_guarded_after_an_erasure(self):
        self.consent._erase("Asked for")
        other = self.consent_of(self.ann)
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            other.unlink()
        with (
            self.assertRaisesRegex(Exception, "cannot be changed or deleted"),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute("DELETE FROM privacy_consent_event_detail")
