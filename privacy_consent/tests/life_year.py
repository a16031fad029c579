# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A year of many people, which goes exactly as a plain model of the rules says."""

import random
from collections import Counter, defaultdict
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
SERVER_DOWN, SMTP_DOWN = range(130, 137), [*range(205, 217), *range(285, 301)]
CHANGED = 216
STOPPED, CONTINUED = 240, 250
COMPARED = ("given", *NO, *ENDED, "requested", "bounced")
# So many of the silent are asked again by hand at once.
BY_HAND = 300
# So much happens in a day at most.
MOST_DEEDS = 100
DEEDS = {
    "yes": 30,
    "no": 5,
    "bounced": 2,
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
    :cvar int seed: by which it is chosen who does what
    """

    step, seed = 1, 17

    def run_batch(self, name, due):
        """Do a batch, after a process was killed in the middle of the same one.

        :param str name: of the method of the activity
        :param bool due: whether there is anything to do, by the model
        :return: whether there is more to do
        """
        raise NotImplementedError

    def settled(self):
        """Do what is due after a day's deeds, before the next ones."""

    def begin_year(self):
        """Ask all, and have the model know them."""
        self.random = random.Random(self.seed)
        self.activity.controller_id.tz = "Europe/Berlin"
        settings = {"renewal_days": 10, "reminder_days": 6}
        self.activity.write({"validity_months": 3, "reminder_count": 2, **settings})
        self.activity.action_new_consents()
        while any(self.activity.sudo().generation_ids.mapped("pending")):
            self.env["privacy.activity"]._cron_continue_consents()
        self.consents = self.activity.consent_ids.sorted("id")
        people = [Person(one.id, one.partner_id.email) for one in self.consents]
        days = {"renewal": timedelta(days=10), "spacing": timedelta(days=6)}
        self.model = Model(people, months=3, count=2, **days)
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
                # Whoever answers at the same microsecond as consents end is too early.
                self.clock.move_to(morning + timedelta(minutes=1))
                deeds = max(1, min(len(self.consents) // 40, MOST_DEEDS))
                for _one in range(self.step * deeds):
                    self.somebody_acts()
                self.settled()
                self.clock.move_to(morning + timedelta(hours=1))
                self.model.run(datetime.now())
                due = self.due_steps(datetime.now())
                for name in life._STEPS:
                    while self.run_batch(name, name in due):
                        pass
                self.clock.move_to(morning + timedelta(hours=1, minutes=5))
                if day not in SMTP_DOWN and self.waiting():
                    self.send()
                    self.check_spacing()
            if not day % 20 or day >= DAYS:
                self.compare(day)
        kinds = {"first", "again", "reminder", "renewal", "changed"}
        self.assertEqual(self.summary()[0].keys(), kinds)

    def due_steps(self, now):
        """:return: the steps in which the model just did something"""
        made = {one.mail.kind for one in self.waiting() if one.mail.made == now}
        last = {event for one in self.model.people for event in one.events[-1:]}
        steps = {
            "_recompute_validity": self.activity.validity_changed,
            "_expire_due": ("expired", now) in last,
            "_renew_due": "renewal" in made,
            "_remind_due": "reminder" in made,
        }
        return [name for name, due in steps.items() if due]

    def waiting(self):
        return [one for one in self.model.people if one.mail.state == "waiting"]

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
            self.model.go_on(now)
        if day == CHANGED:
            self.assertTrue(self.waiting())
            self.activity.description = "<p>A letter a day.</p>"
            self.activity.action_processing_changed("A letter a day.")
            self.env["privacy.activity"]._cron_follow_texts()
            self.model.change(now)

    def ask_again(self, now):
        """Have some who are silent, or whose consent ended, asked by hand."""
        people = [
            one for one in self.model.people if one.status in ("requested", *ENDED)
        ]
        people = self.random.sample(people, min(len(people), BY_HAND))
        consents = self.env["privacy.consent"].browse([one.id for one in people])
        consents._ask_by_hand()
        for one in people:
            self.model.ask(one, now, "again", check=False)

    def somebody_acts(self):
        now = datetime.now()
        one = self.random.choice(self.model.people)
        deed = None if one.merged else self.random.choices([*DEEDS], DEEDS.values())[0]
        consent, last = self.env["privacy.consent"].browse(one.id), one.mail
        if deed in ("yes", "no") and one.active and last.delivered:
            if one.answered and now - one.answered < timedelta(days=1):
                return
            press(consent, deed == "yes")
            self.model.answer(one, deed == "yes", now)
        elif deed in ("bounced", "soft") and last.state == "delivered":
            consent.last_request_id.sudo()._bounced(deed == "bounced", "550", now)
            self.env["privacy.consent"]._cron_effects()
            last.state, one.silent = "bounced", False
            one.events.append(("bounced", now))
            self.model.ask_elsewhere(one, now)
        elif deed in ("list", "archive", "contact") and self.does(one, deed):
            self.do(one, deed, consent)
        elif deed == "merge" and one.contact.active:
            self.merge(one)

    def does(self, one, deed):
        """Tell whether a deed is done: always if it undoes an earlier one."""
        done = {
            "list": one.contact.address in self.model.listed,
            "archive": not one.active,
            "contact": not one.contact.active,
        }
        return done[deed] or self.random.random() < 0.15

    def do(self, one, deed, consent):
        if deed == "list":
            address, listed = one.contact.address, self.model.listed
            entries = self.env["mail.blacklist"]
            (entries._remove if address in listed else entries._add)(address)
            self.model.listed ^= {address}
            return
        if deed == "archive":
            one.active = consent.active = not one.active
        else:
            one.contact.active = consent.partner_id.active = not one.contact.active
        if not (one.active and one.contact.active):
            one.cancel()

    def merge(self, one):
        others = [
            other
            for other in self.model.people
            if not other.merged and other is not one and other.contact.active
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
        mails, events = self.stored_mails(), self.stored_events()
        for consent, one in zip(self.stored_consents(), self.model.people, strict=True):
            where = f"day {day}, consent {one.id}"
            ruled = [
                (it.kind, it.number, it.made, it.delivered, it.state)
                for it in one.mails
            ]
            self.assertEqual(mails[one.id], ruled, where)
            self.assertEqual(events[one.id], one.events, where)
            counts = one.status == "given" and not one.merged
            end = one.ends if counts else consent.valid_until
            self.assertEqual(
                (consent.id, consent.status, consent.accepted, consent.valid_until),
                (one.id, one.status, one.status == "given", end),
                where,
            )

    def stored_mails(self):
        """:return: kind, number, moments and state of requests, by consent"""
        return self.by_consent(
            SQL(
                """
                SELECT consent_id, kind, coalesce(number, 0), create_date,
                       delivered_date, CASE
                           WHEN cause = 'replaced' THEN cause
                           WHEN state = 'delivered' AND bounce_type IS NOT NULL
                           THEN 'soft' ELSE state END
                  FROM privacy_consent_request WHERE activity_id = %s ORDER BY id
                """,
                self.activity.id,
            )
        )

    def stored_events(self):
        """:return: kind and moment of events, by consent"""
        return self.by_consent(
            SQL(
                """
                SELECT consent_id, kind, date_trunc('second', at)
                  FROM privacy_consent_event
                 WHERE consent_id = ANY (%s) AND kind IN %s ORDER BY id
                """,
                self.consents.ids,
                COMPARED,
            )
        )

    def by_consent(self, query):
        """:return: the rows of an answer, by the number in their first column"""
        found = defaultdict(list)
        for consent_id, *values in self.env.execute_query(query):
            found[consent_id].append(tuple(values))
        return found

    def stored_consents(self):
        found = self.env["privacy.consent"].with_context(active_test=False)
        return found.search_fetch(
            [("activity_id", "=", self.activity.id)],
            ["status", "accepted", "valid_until"],
            order="id",
        )

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
