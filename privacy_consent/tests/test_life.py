# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consents end, are renewed, and who is silent is reminded, within what is allowed."""

from datetime import datetime, timedelta

import pytz
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import BaseCase, new_test_user, tagged
from odoo.tools import mute_logger

from .. import links
from ..calendar_months import add_months
from ..models.privacy_consent_request import make_requests
from .answers import press, set_fact
from .common import ConsentCase, Delivered

ASKED = datetime(2026, 3, 2, 9)
GIVEN = datetime(2026, 3, 2, 12)


class TestCalendarMonths(BaseCase):
    """The same day and time where the controller is."""

    def assert_added(self, moment, months, expected, zone="Europe/Berlin"):
        self.assertEqual(
            add_months(datetime.fromisoformat(moment), months, pytz.timezone(zone)),
            datetime.fromisoformat(expected),
        )

    def test_shorter_months(self):
        self.assert_added("2026-01-31 12:00", 1, "2026-02-28 12:00", "UTC")
        self.assert_added("2027-12-31 12:00", 2, "2028-02-29 12:00", "UTC")
        self.assert_added("2028-02-29 12:00", 12, "2029-02-28 12:00", "UTC")

    def test_clocks_change_in_between(self):
        self.assert_added("2026-01-15 11:00", 6, "2026-07-15 10:00")
        self.assert_added("2026-07-15 10:00", 6, "2027-01-15 11:00")

    def test_time_that_does_not_exist(self):
        # 2:30 on 28 February; on 28 March 2027 clocks go from 2 to 3.
        self.assert_added("2027-02-28 01:30", 1, "2027-03-28 01:30")

    def test_time_that_comes_twice(self):
        # 2:30 on 25 September; on 25 October 2026 clocks go from 3 back to 2.
        self.assert_added("2026-09-25 00:30", 1, "2026-10-25 00:30")

    def test_another_day_there(self):
        # In Auckland it is the last day of January already.
        zone = "Pacific/Auckland"
        self.assert_added("2026-01-30 12:00", 1, "2026-02-27 12:00", zone)


class LifeCase(ConsentCase):
    """Ann and Luc were asked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activity.controller_id.tz = "Europe/Berlin"
        with cls.at(ASKED):
            cls.generate()
            cls.run_queue()
        cls.consent, cls.other = cls.consent_of(cls.ann), cls.consent_of(cls.luc)

    def press_at(self, moment, consent=None, answer=True):
        with self.at(moment):
            press(consent or self.consent, answer)

    def live(self, moment):
        """Run the scheduled action at a moment, and the mail queue.

        :return: the mails that left, by the address of the person
        :rtype: dict[str, Delivered]
        """
        with self.at(moment):
            self.env["privacy.activity"]._cron_life()
            self.env.flush_all()
            return self.sent()

    def sent(self):
        mails = {mail.to[0]: mail for mail in self.run_queue()}
        mails.pop("manager@example.com", None)
        return mails

    def set_up(self, **values):
        self.activity.with_user(self.manager).write(values)
        self.env.flush_all()

    def kinds(self, consent=None):
        requests = (consent or self.consent).request_ids.sorted("id")
        return [(one.kind, one.number) for one in requests]

    def events(self, consent=None):
        return (consent or self.consent).event_ids.sorted("id").mapped("kind")


@tagged("post_install", "-at_install")
class TestValidity(LifeCase):
    def test_answer_says_when_it_ends(self):
        self.press_at(GIVEN)
        self.assertFalse(self.consent.valid_until)
        self.set_up(validity_months=12)
        self.press_at(GIVEN, self.other)
        self.assertEqual(self.other.valid_until, datetime(2027, 3, 2, 12))
        self.press_at(GIVEN + timedelta(days=1), self.other, False)
        self.assertFalse(self.other.valid_until)

    def test_time_zone_that_nobody_knows_any_more(self):
        self.set_up(validity_months=12)
        controller = self.activity.controller_id
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET tz = 'Europe/Gone' WHERE id = %s", [controller.id]
        )
        controller.invalidate_recordset(["tz"])
        self.press_at(GIVEN)
        self.assertEqual(self.consent.status, "given")
        self.assertEqual(self.consent.valid_until, datetime(2027, 3, 2, 12))

    def test_expires(self):
        self.set_up(validity_months=12)
        self.press_at(GIVEN)
        self.activity.server_action_id = self.env["ir.actions.server"].create(
            {
                "name": "Note it",
                "model_id": self.env.ref("privacy_consent.model_privacy_consent").id,
                "state": "code",
                "code": "record.partner_id.write({'ref': str(record.accepted)})",
            }
        )
        self.live("2027-03-02 11:59:59")
        self.assertEqual(self.consent.status, "given")
        self.live("2027-03-02 12:00:00")
        self.assertEqual(self.consent.status, "expired")
        self.assertEqual(self.consent.state, "answered")
        self.assertFalse(self.consent.accepted)
        self.assertEqual(self.ann.ref, "False")
        self.live("2027-03-03 12:00:00")
        self.assertEqual(self.events(), ["requested", "given", "expired"])
        event = self.consent.event_ids.sorted("id")[-1:]
        self.assertEqual((event.by, event.person), ("system", "Ann"))
        # A new yes begins a new period.
        self.press_at("2027-03-10 12:00:00")
        self.assertEqual(self.consent.status, "given")
        self.assertEqual(self.consent.valid_until, datetime(2028, 3, 10, 12))

    def test_refused_and_silent_do_not_expire(self):
        self.set_up(validity_months=1)
        self.press_at(GIVEN, answer=False)
        self.live("2030-01-01 00:00:00")
        self.assertEqual(self.consent.status, "refused")
        self.assertEqual(self.other.status, "requested")

    def test_archived_consents_and_activities_expire(self):
        self.set_up(validity_months=1)
        self.press_at(GIVEN)
        self.press_at(GIVEN, self.other)
        self.consent.active = False
        self.activity.active = False
        self.live("2026-05-01 00:00:00")
        self.assertEqual(self.consent.status, "expired")
        self.assertEqual(self.other.status, "expired")

    def test_validity_changes(self):
        self.press_at(GIVEN)
        self.press_at("2026-09-02 12:00:00", self.other)
        self.set_up(validity_months=6)
        self.live("2026-10-01 00:00:00")
        self.assertEqual(self.consent.status, "expired")
        self.assertEqual(self.other.valid_until, datetime(2027, 3, 2, 13))
        self.set_up(validity_months=18)
        self.live("2026-10-02 00:00:00")
        self.assertEqual(self.consent.status, "expired", "it stays what it is")
        self.assertEqual(self.other.valid_until, datetime(2028, 3, 2, 13))
        self.set_up(validity_months=0)
        self.live("2026-10-03 00:00:00")
        self.assertFalse(self.other.valid_until)

    def test_whoever_answered_while_it_changed(self):
        self.set_up(validity_months=1)
        self.press_at(GIVEN)
        with self.at(GIVEN):
            self.set_up(validity_months=12)
            # Of a transaction that began before.
            self.activity.sudo().validity_last_id = self.consent.id
            self.env["privacy.activity"]._cron_life()
            self.assertEqual(self.consent.valid_until, datetime(2026, 4, 2, 11))
        self.assertTrue(self.activity.validity_changed)
        self.activity.sudo().validity_last_id = self.consent.id
        self.live("2026-04-03 00:00:00")
        self.assertEqual(self.consent.status, "given")
        self.assertEqual(self.consent.valid_until, datetime(2027, 3, 2, 12))

    def test_all_is_reckoned_twice(self):
        self.press_at(GIVEN)
        with self.at(GIVEN):
            self.set_up(validity_months=12)
            self.env["privacy.activity"]._cron_life()
        set_fact(self.consent, valid_until=False)
        self.live(GIVEN + timedelta(hours=2))
        self.assertEqual(self.consent.valid_until, datetime(2027, 3, 2, 12))
        self.assertFalse(self.activity.validity_changed)

    def test_merged_contacts(self):
        self.set_up(validity_months=12)
        self.press_at(GIVEN)
        self.press_at(GIVEN - timedelta(days=300), self.other)
        self.env["base.partner.merge.automatic.wizard"].with_user(
            self.manager
        ).sudo()._merge([self.ann.id, self.luc.id], self.luc)
        self.live(GIVEN + timedelta(days=100))
        self.assertEqual(self.consent.status, "given")
        self.assertEqual(self.other.status, "given", "it counts no more")
        self.assertEqual(self.other.merged_into_id, self.consent)

    def test_settings_that_make_no_sense(self):
        for values in [
            {"renewal_days": 30},
            {"validity_months": 1, "renewal_days": 28},
            {"validity_months": 12, "renewal_days": -1},
        ]:
            with self.subTest(values), self.assertRaises(ValidationError):
                self.set_up(**values)
        for values in [
            {"validity_months": -1},
            {"reminder_count": 4},
            {"reminder_days": 0},
        ]:
            with self.subTest(values), mute_logger("odoo.sql_db"):
                with self.assertRaises(CheckViolation), self.env.cr.savepoint():
                    self.activity.write(values)
                    self.env.flush_all()
            self.env.invalidate_all(flush=False)

    def test_nobody_else_sets_it(self):
        self.set_up(validity_months=12)
        self.press_at(GIVEN)
        for statement in [
            "UPDATE privacy_consent SET valid_until = '2199-01-01' WHERE id = %s",
            "UPDATE privacy_consent SET valid_until = NULL WHERE id = %s",
            "UPDATE privacy_consent SET status = 'expired', accepted = FALSE"
            " WHERE id = %s",
        ]:
            with self.subTest(statement), mute_logger("odoo.sql_db"):
                with self.assertRaisesRegex(Exception, "Only asking and answering"):
                    with self.env.cr.savepoint():
                        self.env.cr.execute(statement, [self.consent.id])
        with self.assertRaises(UserError):
            self.consent.valid_until = "2199-01-01"


@tagged("post_install", "-at_install")
class TestRenewal(LifeCase):
    def setUp(self):
        super().setUp()
        self.set_up(validity_months=12, renewal_days=30)
        self.press_at(GIVEN)

    def renew(self, moment="2027-02-01 00:00:00"):
        mails = self.live(moment)
        self.assertEqual([*mails], ["ann@example.com"])
        return mails["ann@example.com"]

    def test_asked_once_before_the_end(self):
        self.assertFalse(self.live("2027-01-31 11:00:00"))
        mail = self.renew("2027-01-31 12:00:00")
        self.assertIn("Your consent ends on March 2, 2027.", mail.text)
        self.assertEqual({*mail.links()}, {"accept", "reject"})
        self.assertFalse(self.live("2027-02-01 12:00:00"))
        self.assertEqual(self.kinds(), [("first", 0), ("renewal", 0)])
        self.assertEqual(self.consent.status, "given", "the old answer counts")
        self.live("2027-03-02 12:00:00")
        self.assertEqual(self.consent.status, "expired")

    def test_yes_begins_a_new_period(self):
        self.renew()
        self.press_at("2027-02-10 12:00:00")
        self.assertEqual(self.events()[-3:], ["given", "requested", "given"])
        self.assertEqual(self.consent.valid_until, datetime(2028, 2, 10, 12))
        self.assertFalse(self.live("2027-03-02 12:00:00"))
        self.renew("2028-01-20 00:00:00")

    def test_one_click_yes_begins_a_new_period(self):
        self.activity.one_click_answers = True
        self.renew()
        consent = self.consent.with_user(self.env.ref("base.public_user")).sudo()
        with self.at("2027-02-10 12:00:00"):
            for _twice in range(2):
                origin = links.proof.Origin("192.0.2.7", "Firefox", "en_US", "page 1")
                proof = links.proof.opened(
                    "one_click", consent.id, consent._token(), origin
                )
                consent._record_answer(True, proof)
        self.assertEqual(self.events()[-3:], ["given", "requested", "given"])
        self.assertEqual(self.consent.valid_until, datetime(2028, 2, 10, 12))

    def test_no_is_a_withdrawal(self):
        self.renew()
        self.press_at("2027-02-10 12:00:00", answer=False)
        self.assertEqual(self.consent.status, "withdrawn")
        self.assertFalse(self.live("2027-03-02 12:00:00"))

    def test_none_that_is_over_when_it_leaves(self):
        with self.at("2027-02-01 00:00:00"):
            self.env["privacy.activity"]._cron_life()
        self.assertEqual(self.consent.request_state, "waiting")
        self.assertFalse(self.live("2027-03-02 12:00:00"))
        self.assertEqual(self.consent.last_request_id.cause, "expired")

    def test_what_somebody_asked_by_hand_when_it_ends(self):
        """They are asked all the same, and not told an end that is over."""
        self.renew()
        with self.at("2027-03-02 11:00:00"):
            self.assertTrue(self.consent.with_user(self.manager)._ask_by_hand())
        with self.env.cr.savepoint() as savepoint:
            self.activity.consent_required = "manual"
            self.activity.consent_template_id = False
            self.assertTrue(self.live("2027-03-02 12:00:00"), "as it was made")
            self.assertEqual(self.consent.status, "expired")
            savepoint.rollback()
        self.env.invalidate_all()
        mail = self.live("2027-03-02 12:00:00")["ann@example.com"]
        self.assertEqual(self.consent.status, "expired")
        self.assertNotIn("Your consent ends", mail.text)
        asked = self.consent.request_ids.sorted("id")[-2:]
        self.assertEqual(asked.mapped("kind"), ["again", "again"])
        self.assertEqual(asked.mapped("cause"), ["replaced", False])
        self.assertFalse(self.live("2027-03-03 12:00:00"))

    def test_none_for_whom_nobody_may_ask(self):
        obstacles = {
            "archived": lambda: self.consent.write({"active": False}),
            "contact archived": lambda: self.ann.write({"active": False}),
            "stopped": lambda: self.activity.action_stop_asking(),
            "off": lambda: self.activity.write({"consent_required": False}),
            "blacklisted": lambda: self.env["mail.blacklist"]._add("ann@example.com"),
        }
        for name, put in obstacles.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                put()
                self.assertFalse(self.live("2027-02-01 00:00:00"))
                savepoint.rollback()
                self.env.invalidate_all()
        self.renew()

    def test_blacklisted_while_it_waits(self):
        with self.at("2027-02-01 00:00:00"):
            self.env["privacy.activity"]._cron_life()
        self.env["mail.blacklist"]._add("ann@example.com")
        self.assertFalse(self.live("2027-02-02 00:00:00"))
        self.assertEqual(self.consent.last_request_id.cause, "blacklist")

    def test_bounced_after_contacts_were_merged(self):
        """The person is asked at the other address, also once the consent ended."""
        self.renew()
        with self.at("2027-02-02 00:00:00"):
            self.env["base.partner.merge.automatic.wizard"]._merge(
                (self.ann + self.luc).ids, self.luc, extra_checks=False
            )
            last_sudo = self.consent.last_request_id.sudo()
            last_sudo._bounced(True, "550", datetime.now())
            self.env["privacy.consent"]._cron_effects()
        self.assertEqual(self.kinds(), [("first", 0), ("renewal", 0), ("again", 0)])
        with self.env.cr.savepoint() as savepoint:
            asked = [*self.live("2027-02-03 00:00:00")]
            self.assertEqual(asked, ["luc@example.com"])
            savepoint.rollback()
        self.env.invalidate_all()
        self.assertEqual([*self.live("2027-03-02 12:00:00")], ["luc@example.com"])
        self.assertEqual(self.consent.status, "expired")

    def test_validity_lengthened_afterwards(self):
        self.renew()
        self.set_up(validity_months=13)
        self.assertFalse(self.live("2027-03-02 00:00:00"), "not within its spacing")
        mail = self.renew("2027-03-05 00:00:00")
        self.assertIn("April 2, 2027", mail.text)

    def test_validity_changed_and_changed_back(self):
        self.renew()
        self.set_up(validity_months=13)
        self.live("2027-02-10 00:00:00")
        self.set_up(validity_months=12, renewal_days=5)
        self.assertFalse(self.live("2027-02-26 00:00:00"), "once before the same end")
        self.live("2027-03-02 12:00:00")
        self.assertEqual(self.consent.status, "expired")

    def test_validity_changed_while_it_waits(self):
        """No mail tells people an end that is not theirs any more."""
        with self.at("2027-02-10 00:00:00"):
            self.env["privacy.activity"]._cron_life()
            self.activity.with_user(self.manager).validity_months = 13
        self.assertFalse(self.live("2027-02-10 01:00:00"))
        self.assertEqual(self.consent.last_request_id.cause, "replaced")
        mail = self.renew("2027-03-05 00:00:00")
        self.assertIn("April 2, 2027", mail.text)
        with self.at("2027-03-05 01:00:00"):
            self.consent.action_auto_ask()
            self.set_up(validity_months=0, renewal_days=0)
        mail = self.live("2027-03-05 02:00:00")["ann@example.com"]
        self.assertNotIn("Your consent ends", mail.text)
        self.assertEqual(self.kinds()[-1], ("again", 0))

    def test_validity_there_and_back(self):
        """Whom the renewal did not reach is not asked again, and stops no other."""
        self.press_at(GIVEN + timedelta(days=1), self.other)
        with self.at("2027-01-31 13:00:00"):
            self.env["privacy.activity"]._cron_life()
        self.consent.last_request_id.mail_id.write({"state": "exception"})
        for months in (24, 12):
            self.set_up(validity_months=months)
            mails = self.live("2027-02-02 00:00:00")
        self.assertEqual([*mails], ["luc@example.com"])
        self.assertEqual(self.kinds(), [("first", 0), ("renewal", 0)])
        self.assertEqual(self.kinds(self.other), [("first", 0), ("renewal", 0)])

    def test_none_that_could_be_made_is_none(self):
        values = {"use_default_to": False, "partner_to": False}
        self.template.write({**values, "email_to": "x@example.com"})
        logger = "odoo.addons.privacy_consent.models.privacy_consent_asking"
        with mute_logger(logger):
            for months in (24, 12, 24, 12):
                self.set_up(validity_months=months)
                self.assertFalse(self.live("2027-02-01 00:00:00"))
        last = self.consent.last_request_id
        self.assertEqual((last.kind, last.state), ("renewal", "failed"))
        self.assertFalse(last.occasion)

    def test_cancelled_by_stop_and_continued(self):
        for cause, stop, go_on in (
            (
                "stopped",
                self.activity.action_stop_asking,
                self.activity.action_continue_asking,
            ),
            ("off", self.activity.action_archive, self.activity.action_unarchive),
        ):
            with self.subTest(cause), self.env.cr.savepoint() as savepoint:
                with self.at("2027-02-01 00:00:00"):
                    self.env["privacy.activity"]._cron_life()
                    stop()
                self.assertFalse(self.live("2027-02-02 00:00:00"))
                self.assertEqual(self.consent.last_request_id.cause, cause)
                go_on()
                self.renew("2027-02-03 00:00:00")
                self.assertFalse(self.live("2027-02-04 00:00:00"))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_the_database_keeps_it_from_being_repeated(self):
        self.renew()
        last = self.consent.last_request_id
        values = {name: last[name] for name in ("kind", "state", "occasion")}
        values |= {"consent_id": self.consent.id, "activity_id": self.activity.id}
        with self.assertRaises(UserError):
            make_requests(self.env, [values])


@tagged("post_install", "-at_install")
class TestReminders(LifeCase):
    def setUp(self):
        super().setUp()
        self.set_up(reminder_count=2, reminder_days=7)
        self.press_at(GIVEN, self.other)

    def assert_reminded(self, moment, *addresses):
        mails = self.live(moment)
        self.assertEqual({*mails}, {*addresses})
        return mails.get("ann@example.com")

    def test_as_many_as_set_and_so_far_apart(self):
        self.assert_reminded("2026-03-09 08:59:59")
        mail = self.assert_reminded("2026-03-09 09:00:00", "ann@example.com")
        self.assertIn("This is a reminder", mail.text)
        self.assertIsInstance(mail, Delivered)
        self.assert_reminded("2026-03-16 08:59:00")
        self.assert_reminded("2026-03-20 09:00:00", "ann@example.com")
        self.assert_reminded("2026-03-27 09:00:00")
        self.assert_reminded("2027-03-27 09:00:00")
        self.assertEqual(self.kinds(), [("first", 0), ("reminder", 1), ("reminder", 2)])

    def test_one_more_later(self):
        for day in (9, 16, 23):
            self.live(f"2026-03-{day:02} 09:00:00")
        self.set_up(reminder_count=3)
        self.assert_reminded("2026-03-23 09:00:00", "ann@example.com")
        self.assertEqual(self.kinds()[-1], ("reminder", 3))
        self.assert_reminded("2026-12-23 09:00:00")

    def test_none_that_waits_when_there_are_fewer(self):
        with self.at("2026-03-10 00:00:00"):
            self.env["privacy.activity"]._cron_life()
        self.set_up(reminder_count=0)
        self.assert_reminded("2026-03-10 01:00:00")
        self.assertEqual(self.consent.last_request_id.cause, "off")

    def test_sent_back_when_there_are_fewer(self):
        """The person is asked at the other address, as after any other request."""
        self.activity.consent_required = "auto"
        self.assert_reminded("2026-03-10 00:00:00", "ann@example.com")
        self.set_up(reminder_count=0)
        self.ann.email = "ann@new.example.com"
        with self.at("2026-03-11 00:00:00"):
            last_sudo = self.consent.last_request_id.sudo()
            last_sudo._bounced(True, "550", datetime.now())
            self.env["privacy.consent"]._cron_effects()
        self.assert_reminded("2026-03-11 01:00:00", "ann@new.example.com")

    def test_none_after_an_answer(self):
        for answer in (True, False):
            with self.subTest(answer), self.env.cr.savepoint() as savepoint:
                self.press_at("2026-03-08 00:00:00", answer=answer)
                self.assert_reminded("2026-03-10 00:00:00")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_none_after_an_answer_that_looks_automated(self):
        with self.at("2026-03-08 00:00:00"):
            press(self.consent, True, agent="curl/8")
        self.assertTrue(self.consent.suspected_automated)
        self.assert_reminded("2026-03-10 00:00:00")

    def test_answered_while_it_waits(self):
        with self.at("2026-03-10 00:00:00"):
            self.env["privacy.activity"]._cron_life()
        with self.at("2026-03-10 12:00:00"):
            press(self.consent, True, agent="curl/8")
        self.assert_reminded("2026-03-11 00:00:00")
        self.assertEqual(self.consent.last_request_id.cause, "answered")

    def test_none_for_whom_nobody_may_ask(self):
        request = self.consent.request_ids
        at = self.later()
        obstacles = {
            "archived": lambda: self.consent.write({"active": False}),
            "contact archived": lambda: self.ann.write({"active": False}),
            "stopped": lambda: self.activity.action_stop_asking(),
            "off": lambda: self.activity.write({"consent_required": False}),
            "activity archived": lambda: self.activity.write({"active": False}),
            "blacklisted": lambda: self.env["mail.blacklist"]._add("ann@example.com"),
            "no address": lambda: self.ann.write({"email": False}),
            "bounced": lambda: request.sudo()._bounced(True, "gone", at),
            "bounced for now": lambda: request.sudo()._bounced(False, "full", at),
        }
        for name, put in obstacles.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                put()
                self.env.flush_all()
                self.assert_reminded("2026-03-10 00:00:00")
                savepoint.rollback()
                self.env.invalidate_all()
        self.assert_reminded("2026-03-10 00:00:00", "ann@example.com")

    def test_blacklisted_by_our_own_action(self):
        self.activity.server_action_id = self.env.ref("privacy_consent.sync_blacklist")
        self.consent._run_action()
        self.assertTrue(
            self.env["mail.blacklist"].search([("email", "=", "ann@example.com")])
        )
        self.assert_reminded("2026-03-10 00:00:00", "ann@example.com")

    def test_none_at_another_address_for_whom_others_blacklisted(self):
        """The daily run asks at another address, but not in place of a reminder."""
        self.activity.consent_required = "auto"
        self.assert_reminded("2026-03-10 00:00:00", "ann@example.com")
        self.env["mail.blacklist"]._add("ann@example.com")
        with self.at("2026-03-11 00:00:00"):
            last_sudo = self.consent.last_request_id.sudo()
            last_sudo._bounced(True, "550", datetime.now())
            self.env["privacy.consent"]._cron_effects()
            self.ann.email = "ann@new.example.com"
        for listed in (True, False):
            with self.at("2026-03-12 00:00:00"):
                self.env["privacy.activity"]._cron_new_consents()
                asked = [] if listed else ["ann@new.example.com"]
                self.assertEqual([*self.sent()], asked)
                self.env["mail.blacklist"]._remove("ann@example.com")

    def test_none_for_what_was_cancelled_by_stop(self):
        with self.at("2026-03-10 00:00:00"):
            self.env["privacy.activity"]._cron_life()
        with self.at("2026-03-10 01:00:00"):
            self.activity.with_user(self.manager).action_stop_asking()
            self.activity.with_user(self.manager).action_continue_asking()
        self.assertEqual(self.consent.last_request_id.cause, "stopped")
        self.assert_reminded("2026-03-25 00:00:00")
        self.assert_reminded("2026-04-25 00:00:00")

    def test_what_came_due_while_nobody_was_asked(self):
        """Whoever continues is told how many mails follow; whoever restores is not."""
        activity = self.activity.with_user(self.manager)
        for stop, go_on, reminded in (
            (activity.action_stop_asking, activity.action_continue_asking, True),
            (activity.action_archive, activity.action_unarchive, False),
        ):
            with self.subTest(stop), self.env.cr.savepoint() as savepoint:
                with self.at("2026-03-05 00:00:00"):
                    stop()
                self.assert_reminded("2027-03-05 00:00:00")
                with self.at("2027-03-05 00:10:00"):
                    go_on()
                people = ["ann@example.com"] if reminded else []
                self.assert_reminded("2027-03-05 01:00:00", *people)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_of_a_renewal_until_the_consent_ends(self):
        self.set_up(validity_months=1, renewal_days=10, reminder_count=3)
        self.set_up(reminder_days=4)
        self.live("2026-03-03 00:00:00")
        self.assertEqual(self.other.valid_until, datetime(2026, 4, 2, 11))
        got = []
        for day in range(40):
            moment = datetime(2026, 3, 20) + timedelta(days=day)
            if "luc@example.com" in self.live(moment):
                got.append(f"{moment:%m-%d}")
        self.assertEqual(got, ["03-24", "03-28", "04-01"])
        self.assertEqual(self.other.status, "expired")

    def test_contacts_merged_meanwhile(self):
        zoe = self._create_subject("Zoe", "zoe@example.com")
        with self.at("2026-03-05 09:00:00"):
            self.generate()
            self.run_queue()
        self.assert_reminded("2026-03-09 09:00:00", "ann@example.com")
        with self.at("2026-03-10 09:00:00"):
            self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
                [self.ann.id, zoe.id], zoe
            )
        self.assertEqual(
            self.consent.merged_into_id, self.consent_of(zoe) - self.consent
        )
        self.assert_reminded("2026-03-15 09:00:00")
        self.assert_reminded("2026-03-16 09:00:00", "zoe@example.com")

    def test_a_changed_text_while_it_waits(self):
        with self.at("2026-03-10 00:00:00"):
            self.env["privacy.activity"]._cron_life()
            self.activity.description = "<p>A mail a day.</p>"
            self.env["privacy.activity"]._cron_follow_texts()
        mail = self.assert_reminded("2026-03-10 00:00:00", "ann@example.com")
        self.assertIn("A mail a day.", mail.text)
        self.assertIn("This is a reminder", mail.text)
        self.assertEqual(self.kinds()[-2:], [("reminder", 1)] * 2)
        self.assert_reminded("2026-03-17 00:00:00", "ann@example.com")
        self.assertEqual(self.kinds()[-1], ("reminder", 2))

    def test_what_fails_at_one_activity_stops_no_other(self):
        other = self.activity.copy({"name": "Other"})
        with self.at(ASKED):
            self.generate(other)
            self.run_queue()
        # It is the first, and cannot ask.
        self.activity.write({"consent_required": "manual", "consent_template_id": 0})
        self.run_scheduled("2026-03-09 09:00:00")
        self.assertEqual(self.kinds(), [("first", 0)])
        reminded = self.consent_of(self.ann, other)
        self.assertEqual(self.kinds(reminded), [("first", 0), ("reminder", 1)])
        self.assertEqual(self.said(), 1)
        self.assertFalse(other.message_ids.filtered(lambda one: "could" in one.body))
        # It is tried again every hour, and said once a day.
        self.run_scheduled("2026-03-09 10:00:00")
        self.assertEqual(self.said(), 1)
        self.run_scheduled("2026-03-10 11:00:00")
        self.assertEqual(self.said(), 2)
        self.activity.consent_template_id = self.template
        self.run_scheduled("2026-03-10 12:00:00")
        self.assertEqual(self.kinds(), [("first", 0), ("reminder", 1)])

    def run_scheduled(self, moment):
        """Run the scheduled action with its transactions."""
        action = self.env.ref("privacy_consent.cron_life")
        logger = "odoo.addons.privacy_consent.models.privacy_activity_texts_followed"
        self.env.flush_all()
        with self.at(moment), mute_logger(logger), self.enter_registry_test_mode():
            action.method_direct_trigger()
        self.env.invalidate_all()

    def said(self):
        """:return: how often the activity says what failed"""
        return sum(
            "reminded of: Choose an e-mail template" in str(one.body)
            for one in self.activity.message_ids
        )


@tagged("post_install", "-at_install")
class TestRightsOnLife(LifeCase):
    """Employees know names alone; officers read, and managers decide."""

    NAMES = (
        "change_note",
        "changed_occasion",
        "life_sentence",
        "reminder_count",
        "reminder_days",
        "renewal_days",
        "validity_changed",
        "validity_last_id",
        "validity_months",
        "ask_with_id",
        "asked_with_ids",
    )

    def as_user(self, groups):
        user = new_test_user(self.env, f"user of {groups}", groups=groups)
        self.env.flush_all()
        self.env.invalidate_all()
        return self.activity.with_user(user)

    def test_employees_and_recorders(self):
        for groups in ("base.group_user", "privacy_consent.group_recorder"):
            activity = self.as_user(groups)
            self.assertEqual(activity.name, "Newsletter")
            self.assertFalse(activity.fields_get().keys() & {*self.NAMES})
            for name in self.NAMES:
                with self.subTest(groups=groups, name=name):
                    with self.assertRaises(AccessError):
                        activity.read([name])
                    with self.assertRaises(AccessError):
                        activity.search([(name, "!=", False)])
                    with self.assertRaises(AccessError):
                        activity.write({name: False})
            with mute_logger("odoo.addons.base.models.ir_model"):
                for model in ("privacy.consent", "privacy.consent.forecast"):
                    with self.assertRaises(AccessError):
                        activity.env[model].search([])

    def test_readers(self):
        activity = self.activity.with_user(self.reader)
        self.assertEqual(len(activity.read(self.NAMES)[0]), len(self.NAMES) + 1)
        self.assertFalse(activity.env["privacy.consent.forecast"].search([]))
        with mute_logger("odoo.addons.base.models.ir_model"):
            for name in self.NAMES:
                with self.subTest(name), self.assertRaises(AccessError):
                    activity.write({name: False})

    def test_managers(self):
        activity = self.activity.with_user(self.manager)
        activity.write({"validity_months": 3, "reminder_count": 1})
        for name in ("changed_occasion", "validity_changed", "validity_last_id"):
            with self.subTest(name), self.assertRaises(AccessError):
                activity.write({name: False})


@tagged("post_install", "-at_install")
class TestProcessingChanged(LifeCase):
    def change(self, note="We share it with the post office."):
        with self.at("2026-06-01 09:00:00"):
            self.activity.description = "<p>A letter a day.</p>"
            self.activity.with_user(self.manager).action_processing_changed(note)
            self.env["privacy.activity"]._cron_follow_texts()
            self.env.flush_all()
            return self.sent()

    def test_who_gave_is_asked_again(self):
        zoe = self._create_subject("Zoe", "zoe@example.com")
        with self.at(ASKED):
            self.generate()
            self.run_queue()
        self.press_at(GIVEN)
        self.press_at(GIVEN, self.consent_of(zoe), False)
        mails = self.change()
        self.assertEqual([*mails], ["ann@example.com"])
        self.assertIn(
            "We share it with the post office.", mails["ann@example.com"].text
        )
        self.assertIn("A letter a day.", mails["ann@example.com"].text)
        self.assertEqual(self.kinds()[-1], ("changed", 0))
        self.assertEqual(self.events()[-2:], ["invalidated", "requested"])
        self.press_at("2026-06-02 09:00:00")
        self.assertEqual(self.consent.status, "given")

    def test_blacklisted_for_a_while(self):
        self.press_at(GIVEN)
        self.press_at(GIVEN, self.other)
        for address in ("ann@example.com", "luc@example.com"):
            self.env["mail.blacklist"]._add(address)
        self.env["mail.blacklist"]._remove("ann@example.com")
        self.assertEqual({*self.change()}, {"ann@example.com"})

    def test_whoever_gave_after_a_bounce_is_asked_again(self):
        self.consent.request_ids.sudo()._bounced(True, "gone", GIVEN)
        self.env["privacy.consent"]._cron_effects()
        self.press_at(GIVEN)
        self.press_at(GIVEN, self.other)
        self.assertEqual({*self.change()}, {"ann@example.com", "luc@example.com"})

    def test_nobody_is_asked_without_a_word(self):
        self.press_at(GIVEN)
        self.assertFalse(self.change(None))
        self.assertEqual(self.consent.status, "invalidated")

    def test_a_renewal_that_waits_is_replaced(self):
        self.set_up(validity_months=3, renewal_days=7)
        self.press_at(GIVEN)
        with self.at("2026-05-31 09:00:00"):
            self.env["privacy.activity"]._cron_life()
        mails = self.change()
        self.assertEqual(self.kinds()[-1], ("changed", 0))
        self.assertNotIn("Your consent ends", mails["ann@example.com"].text)

    def test_the_silent_are_reminded(self):
        self.set_up(reminder_count=1)
        self.press_at(GIVEN)
        self.press_at(GIVEN, self.other)
        self.change()
        self.press_at("2026-06-02 09:00:00", self.other)
        mails = self.live("2026-06-08 09:00:00")
        self.assertEqual([*mails], ["ann@example.com"])
        self.assertIn(
            "We share it with the post office.", mails["ann@example.com"].text
        )
