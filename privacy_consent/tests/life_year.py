# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A year of many people, which goes exactly as a plain model of the rules says."""

import random
from collections import Counter
from datetime import datetime, timedelta

from odoo.tools import SQL

from ..models import privacy_activity_life as life
from .answers import press
from .life_model import ENDED, NO, Model, Person

START = datetime(2026, 1, 20, 9)
DAYS = 366
# Months, and what else is set, from a day on.
VALIDITY = {60: 4, 170: 2, 260: 3, 300: 13}
REMINDERS = {90: 3, 200: 1, 280: 2}
SERVER_DOWN, SMTP_DOWN = range(130, 137), range(205, 217)
CHANGED = 216
STOPPED, CONTINUED = 240, 250
COMPARED = ("given", *NO, *ENDED, "requested", "bounced")
DEEDS = {
    "yes": 30,
    "no": 5,
    "bounce": 2,
    "soft": 2,
    "list": 3,
    "archive": 3,
    "contact": 3,
    "merge": 2,
    None: 20,
}


class LifeYear:
    """What happens in the year, in Odoo and in the model.

    Whoever inherits has ``env``, ``activity``, ``clock`` (of freezegun) and the
    assertions of a test case.

    :cvar int step: how many days pass between two runs
    """

    step = 1

    def run_batch(self, name):
        """Do a batch, after a process was killed in the middle of the same one.

        :param str name: of the method of the activity
        :return: whether there is more to do
        """
        raise NotImplementedError

    def settled(self):
        """Do what is due after a day's deeds, before the next ones."""

    def begin_year(self):
        """Ask all, and have the model know them."""
        self.random = random.Random(17)
        self.activity.controller_id.tz = "Europe/Berlin"
        settings = {"renewal_days": 10, "reminder_days": 6}
        self.activity.write({"validity_months": 3, "reminder_count": 2, **settings})
        self.activity.action_new_consents()
        while any(self.activity.sudo().generation_ids.mapped("pending")):
            self.env["privacy.activity"]._cron_continue_consents()
        self.consents = self.activity.consent_ids.sorted("id")
        people = [Person(one.id, one.partner_id.email) for one in self.consents]
        self.model = Model(people, months=3, count=2, renewal=10, spacing=6)
        for one in people:
            self.model.ask(one, START, "first")
        self.send()

    def live_year(self):
        """Live through the year, and compare now and then."""
        for day in range(self.step, DAYS + self.step, self.step):
            morning = START + timedelta(days=day)
            if day not in SERVER_DOWN:
                self.clock.move_to(morning)
                self.officer_acts(day)
                for _one in range(self.step * max(1, len(self.consents) // 25)):
                    self.somebody_acts()
                self.settled()
                self.clock.move_to(morning + timedelta(hours=1))
                for name in life._STEPS:
                    while self.run_batch(name):
                        pass
                self.model.run(datetime.now())
                self.clock.move_to(morning + timedelta(hours=1, minutes=5))
                if day not in SMTP_DOWN and any(
                    one.waiting() for one in self.model.people
                ):
                    self.send()
                    self.check_spacing()
            if not day % 20 or day >= DAYS:
                self.compare(day)
        kinds = set(self.consents.request_ids.mapped("kind"))
        self.assertEqual(kinds, {"first", "again", "reminder", "renewal", "changed"})

    def send(self):
        self.run_queue()
        self.model.send(datetime.now())
        self.settled()

    # What people do --------------------------------------------------------------

    def officer_acts(self, day):
        now = datetime.now()
        if day in VALIDITY:
            self.activity.validity_months = self.model.months = VALIDITY[day]
        if day in REMINDERS:
            self.activity.reminder_count = self.model.count = REMINDERS[day]
        if not day % 40:
            self.ask_again(now)
        if day == STOPPED:
            self.activity.action_stop_asking()
            self.model.stopped = True
            for one in self.model.people:
                one.cancel()
        if day == CONTINUED:
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
        people = [
            one for one in self.model.people if one.status in ("requested", *ENDED)
        ]
        consents = self.env["privacy.consent"].browse([one.id for one in people])
        consents._ask_by_hand()
        for one in people:
            self.model.ask(one, now, "again", check=False)

    def somebody_acts(self):
        now = datetime.now()
        one = self.random.choice([one for one in self.model.people if not one.merged])
        consent = self.env["privacy.consent"].browse(one.id)
        last = one.mails[-1]
        deed = self.random.choices([*DEEDS], DEEDS.values())[0]
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
                one.events.append(("bounced", now))
            last.soft = deed == "soft"
        elif deed in ("list", "archive", "contact") and self.does(one, deed):
            self.do(one, deed, consent)
        elif deed == "merge" and one.contact["active"]:
            self.merge(one)

    def does(self, one, deed):
        """Tell whether a deed is done: always if it undoes an earlier one."""
        done = {
            "list": one.contact["address"] in self.model.listed,
            "archive": not one.active,
            "contact": not one.contact["active"],
        }
        return done[deed] or self.random.random() < 0.15

    def do(self, one, deed, consent):
        if deed == "list":
            address, listed = one.contact["address"], self.model.listed
            entries = self.env["mail.blacklist"]
            (entries._remove if address in listed else entries._add)(address)
            self.model.listed ^= {address}
        elif deed == "archive":
            one.active = consent.active = not one.active
            if not one.active:
                one.cancel()
        else:
            active = one.contact["active"] = not one.contact["active"]
            consent.partner_id.active = active

    def merge(self, one):
        others = [
            other
            for other in self.model.people
            if not other.merged and other is not one and other.contact["active"]
        ]
        other = self.random.choice(others)
        consents = self.env["privacy.consent"].browse([one.id, other.id])
        self.env["base.partner.merge.automatic.wizard"]._merge(
            consents.partner_id.ids, consents[1].partner_id, extra_checks=False
        )
        self.model.merge(one, other, other.contact)

    # What must be true ------------------------------------------------------------

    def compare(self, day):
        """Check that everybody's history is what the rules say."""
        self.env.flush_all()
        # All may be one transaction, of which PostgreSQL's statistics know nothing.
        self.env.cr.execute("ANALYZE privacy_consent, privacy_consent_request")
        self.env.invalidate_all()
        for consent, one in zip(self.consents, self.model.people, strict=True):
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

    def summary(self):
        """:return: how many requests of each kind there were, and events"""
        mails = Counter(mail.kind for one in self.model.people for mail in one.mails)
        events = Counter(kind for one in self.model.people for kind, _ in one.events)
        return dict(mails), dict(events)
