# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The rules of reminders, renewals and ends once more, in plain Python, for tests."""

from datetime import datetime, timedelta
from types import SimpleNamespace

from dateutil import tz
from dateutil.relativedelta import relativedelta

ZONE = tz.gettz("Europe/Berlin")
NO, ENDED = ("refused", "withdrawn"), ("expired", "invalidated")


def months_later(moment, months):
    local = moment.replace(tzinfo=tz.UTC).astimezone(ZONE).replace(tzinfo=None)
    local = (local + relativedelta(months=months)).replace(tzinfo=ZONE)
    return tz.resolve_imaginary(local).astimezone(tz.UTC).replace(tzinfo=None)


class Person:
    """One consent; several may have the same contact after a merge."""

    def __init__(self, consent_id, address):
        self.id, self.contact = consent_id, {"address": address, "active": True}
        self.status = self.answered = self.ends = None
        self.renewed, self.active, self.merged = False, True, False
        self.mails, self.twins, self.events = [], [], []

    def becomes(self, status, now):
        self.status = status
        self.events.append((status, now))

    def waiting(self):
        return [mail for mail in self.mails if mail.state == "waiting"]

    def cancel(self, state="cancelled"):
        for mail in self.waiting():
            mail.state = state

    def end(self, status, now, state="cancelled"):
        self.cancel(state)
        self.becomes(status, now)
        for mail in self.mails:
            mail.looked = 3

    def lately(self, kind, since):
        sent = ("waiting", "delivered", "bounced")
        mails = [mail for one in [self, *self.twins] for mail in one.mails]
        return any(
            one.kind == kind
            and one.state in sent
            and (one.delivered or one.made) > since
            for one in mails
        )

    def is_silent(self, mail):
        begun = mail.begun or mail
        later = self.mails[self.mails.index(begun) :]
        arrived = [one.state == "delivered" and not one.soft for one in later]
        replaced = [one.state == "replaced" for one in later]
        answered = self.answered and self.answered > begun.made
        alone = mail is self.mails[-1] and all(map(max, arrived, replaced))
        return alone and not answered and self.status not in NO


class Model:
    """All people, and what is set: months, count, renewal and spacing."""

    def __init__(self, people, **settings):
        self.people, self.listed, self.stopped = people, set(), False
        self.__dict__.update(settings)

    def ask(self, one, now, kind, begun=None, number=0, check=True):
        address = one.contact["address"]
        last = one.mails[-1].address if one.mails else address
        off = self.stopped or one.merged or not (one.active and one.contact["active"])
        if off or one.waiting() or (check and self.listed & {address, last}):
            return
        mail = {"kind": kind, "address": address, "made": now, "begun": begun}
        rest = {"state": "waiting", "delivered": None, "soft": False, "looked": 0}
        one.mails.append(SimpleNamespace(**mail, number=number, **rest))

    def answer(self, one, yes, now):
        before = one.status in ("given", "withdrawn")
        one.becomes("given" if yes else "withdrawn" if before else "refused", now)
        one.answered, one.renewed = now, False
        one.cancel()

    def change(self, now):
        for one in self.people:
            for mail in one.waiting():
                mail.state = "replaced"
                self.ask(one, now, mail.kind, mail.begun, mail.number, check=False)
            if one.status == "given" and not one.merged:
                one.end("invalidated", now, "replaced")
                self.ask(one, now, "changed")

    def run(self, now):
        """Do what the scheduled action does."""
        current = [one for one in self.people if not one.merged]
        for one in current:
            if one.status != "given":
                continue
            before, one.ends = one.ends, months_later(one.answered, self.months)
            one.renewed = one.renewed and one.ends == before
            if one.ends <= now:
                one.end("expired", now)
        days, since = timedelta(days=self.renewal), now - timedelta(days=self.spacing)
        for one in () if self.stopped else current:
            soon = one.status == "given" and one.ends <= now + days
            if soon and not one.renewed and not one.lately("renewal", now - days):
                one.renewed = True
                self.ask(one, now, "renewal")
        for one in () if self.stopped else current:
            for mail in list(one.mails):
                due = mail.state == "delivered" and mail.delivered <= since
                if (
                    due
                    and mail.looked < self.count
                    and not one.lately("reminder", since)
                ):
                    mail.looked, number = self.count, mail.number + 1
                    if number <= self.count and one.is_silent(mail):
                        self.ask(one, now, "reminder", mail.begun or mail, number)

    def send(self, now):
        """Do what the mail queue does."""
        for one in self.people:
            for mail in one.waiting():
                listed = self.listed & {one.contact["address"], mail.address}
                by_hand = mail.kind in ("first", "again")
                if not one.contact["active"] or (listed and not by_hand):
                    mail.state = "cancelled"
                    continue
                mail.state, mail.delivered = "delivered", now
                one.events.append(("requested", now))
                one.status = one.status or "requested"

    def merge(self, one, other, contact):
        """Two contacts become one; the latest answer counts, then the refusal."""

        def rank(it):
            answer = (it.answered or datetime.min, it.status in NO + ENDED)
            known = (bool(it.answered), it.active, bool(it.waiting()))
            return (*answer, *known, it.contact is contact, -it.id)

        other, one = sorted([one, other], key=rank)
        other.cancel()
        one.active, other.active = one.active or other.active, False
        other.merged = True
        one.twins += [other, *other.twins]
        for it in [one, *one.twins]:
            it.contact = contact
