# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The rules of reminders, renewals and ends once more, in plain Python, for tests."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dateutil import tz
from dateutil.relativedelta import relativedelta

ZONE = tz.gettz("Europe/Berlin")


def months_later(moment, months):
    local = moment.replace(tzinfo=tz.UTC).astimezone(ZONE).replace(tzinfo=None)
    local = (local + relativedelta(months=months)).replace(tzinfo=ZONE)
    return tz.resolve_imaginary(local).astimezone(tz.UTC).replace(tzinfo=None)


@dataclass(eq=False)
class Mail:
    kind: str
    address: str
    made: datetime
    begun: object = None
    number: int = 0
    state: str = "waiting"
    delivered: datetime = None
    soft: bool = False
    looked: int = 0


@dataclass(eq=False)
class Person:
    id: int
    contact: dict
    status: str = "requested"
    answered: datetime = None
    ends: datetime = None
    renewed: bool = False
    active: bool = True
    merged: bool = False
    mails: list = field(default_factory=list)
    twins: list = field(default_factory=list)
    events: list = field(default_factory=list)

    def happens(self, kind, now):
        self.events.append((kind, now))

    def waiting(self):
        return [mail for mail in self.mails if mail.state == "waiting"]

    def cancel(self, state="cancelled"):
        for mail in self.waiting():
            mail.state = state

    def end(self, status, now):
        self.status = status
        self.happens(status, now)
        for mail in self.mails:
            mail.looked = 3

    def lately(self, kind, since):
        return any(
            mail.kind == kind
            and mail.state in ("waiting", "delivered", "bounced")
            and (mail.delivered or mail.made) > since
            for one in [self, *self.twins]
            for mail in one.mails
        )

    def is_silent(self, mail):
        begun = mail.begun or mail
        later = self.mails[self.mails.index(begun) :]
        return (
            self.status not in ("refused", "withdrawn")
            and (not self.answered or self.answered <= begun.made)
            and mail is self.mails[-1]
            and all(
                one.state == "replaced" or one.state == "delivered" and not one.soft
                for one in later
            )
        )


class Model:
    """All people, and what is set."""

    def __init__(self, people, **settings):
        self.people, self.listed, self.stopped = people, set(), False
        self.set(**settings)

    def set(self, **settings):
        self.__dict__.update(settings)

    def set_validity(self, months):
        """People find out at the next run."""
        self.months = months

    def ask(self, one, now, kind, begun=None, number=0, check=True):
        address = one.contact["address"]
        last = one.mails[-1].address if one.mails else address
        if not (one.active and one.contact["active"]) or one.merged or self.stopped:
            return
        if one.waiting() or (check and self.listed & {address, last}):
            return
        one.mails.append(Mail(kind, address, now, begun, number))

    def answer(self, one, yes, now):
        before = one.status in ("given", "withdrawn")
        one.status = "given" if yes else "withdrawn" if before else "refused"
        one.happens(one.status, now)
        one.answered, one.renewed = now, False
        one.ends = months_later(now, self.months) if yes else None
        one.cancel()

    def change(self, now):
        for one in self.people:
            for mail in one.waiting():
                mail.state = "replaced"
                begun, number = mail.begun, mail.number
                self.ask(one, now, mail.kind, begun, number, check=False)
            if one.status == "given" and not one.merged:
                one.cancel("replaced")
                one.end("invalidated", now)
                self.ask(one, now, "changed")

    def run(self, now):
        """Do what the scheduled action does."""
        current = [one for one in self.people if not one.merged]
        given = [one for one in current if one.status == "given"]
        for one in given:
            ends = months_later(one.answered, self.months)
            one.renewed = one.renewed and one.ends == ends
            one.ends = ends
            if ends <= now:
                one.cancel()
                one.end("expired", now)
        if self.stopped:
            return
        days = timedelta(days=self.renewal)
        for one in given:
            soon = one.status == "given" and one.ends <= now + days
            if soon and not one.renewed and not one.lately("renewal", now - days):
                one.renewed = True
                self.ask(one, now, "renewal")
        since = now - timedelta(days=self.spacing)
        for one in current:
            for mail in list(one.mails):
                due = mail.state == "delivered" and mail.delivered <= since
                if (
                    not due
                    or mail.looked >= self.count
                    or one.lately("reminder", since)
                ):
                    continue
                mail.looked = self.count
                if mail.number < self.count and one.is_silent(mail):
                    begun = mail.begun or mail
                    self.ask(one, now, "reminder", begun, mail.number + 1)

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
                one.happens("requested", now)

    def merge(self, one, other, contact):
        """Two contacts become one; the latest answer counts, then the refusal."""
        other, one = sorted(
            [one, other],
            key=lambda it: (
                it.answered or datetime.min,
                it.status in ("refused", "withdrawn", "expired", "invalidated"),
                bool(it.answered),
                it.active,
                bool(it.waiting()),
                it.contact is contact,
                -it.id,
            ),
        )
        other.cancel()
        one.active, other.active = one.active or other.active, False
        other.merged = True
        one.twins += [other, *other.twins]
        for it in [one, *one.twins]:
            it.contact = contact
