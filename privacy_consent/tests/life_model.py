# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The rules of reminders, renewals and ends once more, in plain Python, for tests."""

from datetime import datetime
from types import SimpleNamespace

from dateutil import tz
from dateutil.relativedelta import relativedelta

NO, ENDED = ("refused", "withdrawn"), ("expired", "invalidated")
BERLIN, UTC = tz.gettz("Europe/Berlin"), tz.UTC


def months_later(moment, months):
    later = moment.replace(tzinfo=UTC).astimezone(BERLIN) + relativedelta(months=months)
    return later.astimezone(UTC).replace(tzinfo=None)


class Person:
    """One consent, its last mail, and whether nobody answered since this began."""

    def __init__(self, consent_id, address):
        self.id, self.mails, self.events = consent_id, [], []
        self.contact = SimpleNamespace(address=address, active=True, mails=[])
        self.mail = SimpleNamespace(address=address, state=None)
        self.status = self.answered = self.ends = self.renewed = None
        self.active, self.merged, self.silent = True, False, False

    def cancel(self, state="cancelled"):
        if self.mail.state == "waiting":
            self.mail.state, self.silent = state, False

    def becomes(self, status, now, state="cancelled"):
        self.cancel(state)
        self.status, self.silent = status, False
        self.events.append((status, now))

    def lately(self, kind, since):
        mails = [it for it in self.contact.mails if it.kind == kind]
        sent = [it for it in mails if it.state not in ("cancelled", "replaced")]
        return any((it.delivered or it.made) > since for it in sent)

    def elsewhere(self):
        """:return: whether the last mails reached nobody, but another one might"""
        tried = set()
        for mail in reversed(self.mails):
            if mail.state == "delivered" or (self.answered or mail.made) > mail.made:
                break
            if mail.state == "bounced":
                tried.add(mail.address)
        return tried and self.contact.address not in tried

    def rank(self, contact):
        answer = (self.answered or datetime.min, self.status in NO + ENDED)
        asked = (self.active, self.mail.state == "waiting", self.contact is contact)
        return (*answer, *asked, -self.id)


class Model:
    """All people, and what is set: months, count, renewal and spacing."""

    def __init__(self, people, **settings):
        vars(self).update(settings, people=people, listed=set(), stopped=False)

    def ask(self, one, now, kind, number=0, check=True):
        off = self.stopped or one.merged or not (one.active and one.contact.active)
        listed = check and self.listed & {one.contact.address, one.mail.address}
        if not (off or listed or one.mail.state == "waiting"):
            mail = {"kind": kind, "number": number, "made": now, "delivered": None}
            mail |= {"address": one.contact.address, "state": "waiting", "looked": 0}
            one.mail, one.silent = SimpleNamespace(**mail), True
            one.mails.append(one.mail)
            one.contact.mails.append(one.mail)

    def ask_elsewhere(self, one, now):
        if one.elsewhere():
            self.ask(one, now, "again", check=one.mail.kind not in ("first", "again"))

    def answer(self, one, yes, now):
        before = one.status in ("given", "withdrawn")
        one.becomes("given" if yes else "withdrawn" if before else "refused", now)
        one.answered = now

    def change(self, now):
        for one in self.people:
            if one.mail.state == "waiting":
                one.cancel("replaced")
                self.ask(one, now, one.mail.kind, one.mail.number, check=False)
            if one.status == "given" and not one.merged:
                one.becomes("invalidated", now, "replaced")
                self.ask(one, now, "changed")

    def go_on(self, now):
        """Ask at another address whom the last mail did not reach."""
        self.stopped = False
        for one in self.people:
            if one.status == "requested":
                self.ask_elsewhere(one, now)

    def run(self, now):
        for one in self.people:
            if one.status == "given" and not one.merged:
                ends, one.ends = one.ends, months_later(one.answered, self.months)
                if one.ends != ends:
                    one.cancel("replaced")
                if one.ends <= now:
                    by_hand = one.mail.state == "waiting" and one.mail.kind == "again"
                    one.becomes("expired", now, "replaced" if by_hand else "cancelled")
                    if by_hand:
                        self.ask(one, now, "again", check=False)
            if not one.merged and not self.stopped:
                self.renew(one, now)
                self.remind(one, now, one.mail)

    def renew(self, one, now):
        soon = one.status == "given" and one.ends <= now + self.renewal
        lately = one.lately("renewal", now - self.renewal)
        if soon and one.renewed != one.ends and not lately:
            one.renewed = one.ends
            self.ask(one, now, "renewal")

    def remind(self, one, now, mail):
        """Look once at each mail: whoever cannot be reminded then never is."""
        due = mail.state == "delivered" and mail.delivered <= now - self.spacing
        lately = one.lately("reminder", now - self.spacing)
        if due and mail.looked < self.count and not lately:
            mail.looked = self.count
            if one.silent and one.status not in NO and mail.number < self.count:
                self.ask(one, now, "reminder", mail.number + 1)

    def send(self, now):
        for one in self.people:
            listed = self.listed & {one.contact.address, one.mail.address}
            if listed and one.mail.kind not in ("first", "again"):
                one.cancel()
            elif one.mail.state == "waiting":
                one.mail.state, one.mail.delivered = "delivered", now
                one.mail.address = one.contact.address
                one.events.append(("requested", now))
                one.status = one.status or "requested"

    def merge(self, one, other, contact):
        """Two contacts become one; the latest answer counts, then the refusal."""
        other, one = sorted([one, other], key=lambda it: it.rank(contact))
        other.cancel()
        one.active, other.active, other.merged = one.active or other.active, False, True
        contact.mails, one.contact = one.contact.mails + other.contact.mails, contact
