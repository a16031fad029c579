# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A year of many people goes exactly as a plain model of the rules says.

How many there are is in the environment variable PRIVACY_LIFE_PEOPLE.
"""

import os
import random
from contextlib import suppress
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models import privacy_activity_life as life
from .answers import press
from .common import ConsentCase
from .life_model import Mail, Model, Person

PEOPLE = int(os.environ.get("PRIVACY_LIFE_PEOPLE") or 15)
START = datetime(2026, 1, 20, 9)
DAYS = 366
# Months, and what else is set, from a day on.
VALIDITY = {60: 4, 170: 2, 260: 3, 300: 13}
REMINDERS = {90: 3, 200: 1, 280: 2}
SERVER_DOWN, SMTP_DOWN = range(130, 137), range(205, 217)
CHANGED = 215
STOPPED = range(240, 250)
ANSWERS = ("given", "refused", "withdrawn")
COMPARED = (*ANSWERS, "expired", "invalidated", "requested", "bounced")


class Killed(Exception):
    """The process ended here."""


@tagged("post_install", "-at_install")
class TestLifeYear(ConsentCase):
    def setUp(self):
        super().setUp()
        # A batch of a few people, so that there are many.
        self.enterContext(patch.object(life, "_BATCH_SIZE", 7))
        self.enterContext(patch.object(life, "_LOOKED_AT_ONCE", 7))
        self.clock = self.enterContext(freeze_time(START))
        self.enterContext(patch.object(self.env.cr, "now", datetime.now))
        self.random = random.Random(17)
        self.activity.controller_id.tz = "Europe/Berlin"
        settings = {"renewal_days": 10, "reminder_days": 6}
        self.activity.write({"validity_months": 3, "reminder_count": 2, **settings})
        for number in range(PEOPLE):
            self._create_subject(f"P{number}", f"p{number}@example.com")
        self.generate()
        self.run_queue()
        self.consents = self.activity.consent_ids.sorted("id")
        people = [
            Person(
                one.id,
                {"address": one.partner_id.email, "active": True},
                mails=[
                    Mail(
                        "first",
                        one.partner_id.email,
                        START,
                        state="delivered",
                        delivered=START,
                    )
                ],
                events=[("requested", START)],
            )
            for one in self.consents
        ]
        self.model = Model(people, months=3, count=2, renewal=10, spacing=6)

    # Whoever is killed while a request is made leaves a word in the log.
    @mute_logger("odoo.addons.privacy_consent.models.privacy_consent_asking")
    def test_year(self):
        for day in range(1, DAYS):
            morning = START + timedelta(days=day)
            if day not in SERVER_DOWN:
                self.clock.move_to(morning)
                self.officer_acts(day)
                for _one in range(max(1, PEOPLE // 25)):
                    self.somebody_acts()
                self.clock.move_to(morning + timedelta(hours=1))
                self.run_life()
                self.model.run(datetime.now())
                self.clock.move_to(morning + timedelta(hours=1, minutes=5))
                if day not in SMTP_DOWN and any(
                    one.waiting() for one in self.model.people
                ):
                    self.run_queue()
                    self.model.send(datetime.now())
                    self.check_spacing()
            if day % 20 == 0 or day == DAYS - 1:
                self.compare(day)
        kinds = {request.kind for request in self.consents.request_ids}
        self.assertEqual(kinds, {"first", "again", "reminder", "renewal", "changed"})

    def officer_acts(self, day):
        now = datetime.now()
        if day in VALIDITY:
            self.activity.validity_months = VALIDITY[day]
            self.model.set_validity(VALIDITY[day])
        if day in REMINDERS:
            self.activity.reminder_count = self.model.count = REMINDERS[day]
        if not day % 40:
            self.ask_again(now)
        if day == STOPPED[0]:
            self.activity.action_stop_asking()
            self.model.stopped = True
            for one in self.model.people:
                one.cancel()
        if day == STOPPED[-1]:
            self.activity.action_continue_asking()
            self.model.stopped = False
        if day == CHANGED:
            self.assertTrue(any(one.waiting() for one in self.model.people))
            self.activity.description = "<p>A letter a day.</p>"
            self.activity.action_processing_changed("A letter a day.")
            self.env["privacy.activity"]._cron_follow_texts()
            self.model.change(now)

    def ask_again(self, now):
        """Have whoever is silent, or whose consent ended, asked by hand."""
        ended = ("requested", "expired", "invalidated")
        people = [one for one in self.model.people if one.status in ended]
        consents = self.env["privacy.consent"].browse([one.id for one in people])
        consents._ask_by_hand()
        for one in people:
            self.model.ask(one, now, "again", check=False)

    def somebody_acts(self):
        now = datetime.now()
        one = self.random.choice([one for one in self.model.people if not one.merged])
        consent = self.env["privacy.consent"].browse(one.id)
        last = one.mails[-1]
        deed = self.random.choices(
            [
                "yes",
                "no",
                "bounce",
                "soft",
                "list",
                "archive",
                "contact",
                "merge",
                None,
            ],
            [30, 5, 2, 2, 3, 3, 3, 2, 20],
        )[0]
        if deed in ("yes", "no") and one.active and last.delivered:
            if one.answered and now - one.answered < timedelta(days=1):
                return
            press(consent, deed == "yes")
            self.model.answer(one, deed == "yes", now)
        elif deed in ("bounce", "soft") and last.state == "delivered" and not last.soft:
            request = consent.request_ids.sorted("id")[-1:]
            request.sudo()._bounced(deed == "bounce", "550", now)
            self.env["privacy.consent"]._cron_effects()
            if deed == "bounce":
                last.state = "bounced"
                one.happens("bounced", now)
            last.soft = deed == "soft"
        elif deed in ("list", "archive", "contact") and not self.undoes(one, deed):
            return
        elif deed == "list":
            address = one.contact["address"]
            blacklist = self.env["mail.blacklist"]
            if address in self.model.listed:
                blacklist._remove(address)
            else:
                blacklist._add(address)
            self.model.listed ^= {address}
        elif deed == "archive":
            one.active = consent.active = not one.active
            if not one.active:
                one.cancel()
        elif deed == "contact":
            active = one.contact["active"] = not one.contact["active"]
            consent.partner_id.active = active
        elif deed == "merge":
            self.merge(one)

    def undoes(self, one, deed):
        """Tell whether a deed is done: always if it undoes an earlier one."""
        done = {
            "list": one.contact["address"] in self.model.listed,
            "archive": not one.active,
            "contact": not one.contact["active"],
        }
        return done[deed] or self.random.random() < 0.15

    def merge(self, one):
        others = [
            other
            for other in self.model.people
            if not other.merged and other is not one and other.contact["active"]
        ]
        other = self.random.choice(others)
        if not one.contact["active"]:
            return
        consents = self.env["privacy.consent"].browse([one.id, other.id])
        partners = consents.partner_id
        self.env["base.partner.merge.automatic.wizard"]._merge(
            partners.ids, consents[1].partner_id, extra_checks=False
        )
        self.model.merge(one, other, other.contact)

    def run_life(self):
        """Do each batch after a process was killed in the middle of the same one."""
        for step in life._STEPS:
            more = True
            while more:
                self.kill(getattr(self.activity, step))
                more = getattr(self.activity, step)()
                self.env.flush_all()

    def kill(self, batch):
        statements = iter(range(self.random.randint(1, 30)))
        execute = self.env.cr.execute

        def dying(*args, **kwargs):
            if next(statements, None) is None:
                raise Killed
            return execute(*args, **kwargs)

        savepoint = self.env.cr.savepoint(flush=True)
        with suppress(Killed), patch.object(self.env.cr, "execute", dying):
            batch()
            self.env.cr.flush()
        savepoint.rollback()
        savepoint.close(rollback=True)
        self.env.invalidate_all(flush=False)
        self.env.cr.precommit.clear()

    def compare(self, day):
        self.env.flush_all()
        # All is one transaction, of which PostgreSQL's own statistics know nothing.
        self.env.cr.execute("ANALYZE privacy_consent, privacy_consent_request")
        self.env.invalidate_all()
        for one in self.model.people:
            consent = self.env["privacy.consent"].browse(one.id)
            stored = [
                (
                    mail.kind,
                    mail.number,
                    mail.create_date,
                    mail.delivered_date or None,
                    "replaced" if mail.cause == "replaced" else mail.state,
                )
                for mail in consent.request_ids.sorted("id")
            ]
            ruled = [
                (mail.kind, mail.number, mail.made, mail.delivered, mail.state)
                for mail in one.mails
            ]
            events = [
                (event.kind, event.at.replace(microsecond=0))
                for event in consent.event_ids.sorted("id")
                if event.kind in COMPARED
            ]
            where = f"day {day}, consent {one.id}"
            self.assertEqual(stored, ruled, where)
            self.assertEqual(events, one.events, where)
            self.assertEqual(consent.status, one.status, where)
            if one.status == "given" and not one.merged:
                self.assertEqual(consent.valid_until, one.ends, where)
                self.assertTrue(consent.accepted, where)

    def check_spacing(self):
        """Check that nobody just got a mail of a kind within its spacing."""
        for kind, days in (("reminder", 6), ("renewal", 10)):
            found = self.env.execute_query(
                SQL(
                    """
                    SELECT consent.id FROM privacy_consent_request AS mail
                      JOIN privacy_consent AS consent ON consent.id = mail.consent_id
                      JOIN privacy_consent AS own
                        ON own.partner_id = consent.partner_id
                      JOIN privacy_consent_request AS other
                        ON other.consent_id = own.id AND other.id <> mail.id
                     WHERE mail.kind = %(kind)s AND other.kind = %(kind)s
                       AND mail.delivered_date = %(now)s
                       AND other.delivered_date > %(since)s
                    """,
                    kind=kind,
                    now=datetime.now(),
                    since=datetime.now() - timedelta(days=days),
                )
            )
            self.assertFalse(found, kind)
