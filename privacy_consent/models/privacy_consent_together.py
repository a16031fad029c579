# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several consents of one person asked by one mail, and chosen on one page.

Each has a request of its own. The leading consent is the one that the mail is about as
if it was alone: its template makes it, and its links open the page. The others come
along with it.
"""

from contextlib import contextmanager
from contextvars import ContextVar

from markupsafe import Markup

from odoo import models
from odoo.tools import SQL

# By the id of the leading consent: those that come along with the mail made now.
_ALONG = ContextVar("privacy_consent.along", default={})  # noqa: B039


@contextmanager
def asking_along(along):
    """Have mails that are made meanwhile ask for other consents, too.

    It is no method, so that the code of a server action cannot call it.

    :param dict along: ``privacy.consent`` records by the id of the leading one
    """
    token = _ALONG.set(along)
    try:
        yield
    finally:
        _ALONG.reset(token)


def along_with(consent):
    """:return: those for which the mail of a consent that is made now asks, too"""
    others = _ALONG.get().get(consent.id)
    return others.with_env(consent.env) if others else consent.browse()


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _by_leading(self):
        """Find out which of these consents are asked by one mail.

        :return: those that come along, maybe none, by the leading consent
        :rtype: dict
        """
        heads = {one: one.ask_with_id or one for one in self.activity_id}
        return {
            together[0]: together[1:]
            for together in self.sorted(lambda one: one.activity_id._rank_together())
            .grouped(lambda one: (one.partner_id, heads[one.activity_id]))
            .values()
        }

    def _complete_request(self, subject, body):
        """Say why the person is asked again, and what else, in their language.

        :return: subject and body, which say it whatever the template is
        """
        before, after = self._along_notes()
        if others := along_with(self):
            subject = self.env._(
                "%(subject)s (and %(count)s more)", subject=subject, count=len(others)
            )
        return subject, before + self._following_note() + Markup(body) + after

    def _along_notes(self):
        """Say what else a mail asks for, in the language of the person.

        :return: what goes before and after the request; empty if it asks nothing else
        :rtype: tuple[Markup, Markup]
        """
        others = along_with(self)
        if not others:
            return Markup(), Markup()
        notes = {one.id: one._following_note() for one in others}
        values = {"first": self, "others": others, "notes": notes}
        return tuple(
            self.env["ir.qweb"]._render(f"privacy_consent.mail_along_{place}", values)
            for place in ("before", "after")
        )

    def _asked_along(self):
        """Find what else mails asked with the links of this consent.

        The links of a consent give no more than what the mails with them were about.

        :return: the consents of the same person that count today, without this one
        """
        if not self.activity_id.asked_together:
            return self.browse()
        found = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT other.consent_id
                  FROM privacy_consent_request AS own
                  JOIN mail_message AS message ON message.id = own.message_id
                   AND message.res_id = own.consent_id
                  JOIN privacy_consent_request AS other
                    ON other.message_id = message.id AND other.id <> own.id
                 WHERE own.consent_id = ANY (%s) AND other.delivered_date IS NOT NULL
                """,
                self._with_merged().ids,
            )
        )
        others = self.browse({self.browse(one)._surviving().id for (one,) in found})
        return (
            (others - self)
            .filtered(lambda one: one.partner_id == self.partner_id)
            .sorted(lambda one: (one.activity_id.id, one.id))
        )
