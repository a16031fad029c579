# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who of a selection will be asked, and who is left out: the dialog before it."""

from collections import Counter

from odoo import api, fields, models
from odoo.fields import Command, Domain


class PrivacyConsentAskSelected(models.TransientModel):
    """What whoever asks several people by hand sees before anybody is asked."""

    _name = "privacy.consent.ask.selected"
    _description = "Ask a selection of people for consent"

    consent_ids = fields.Many2many(
        comodel_name="privacy.consent",
        relation="privacy_consent_ask_selected_rel",
        string="Consents",
        required=True,
        readonly=True,
        context={"active_test": False},
    )
    asked_ids = fields.Many2many(
        comodel_name="privacy.consent",
        relation="privacy_consent_ask_selected_asked_rel",
        string="Those who are asked",
        readonly=True,
        context={"active_test": False},
    )
    asked_count = fields.Integer(string="People to ask", readonly=True)
    activities = fields.Text(string="About", readonly=True)
    left_out_count = fields.Integer(string="Left out", readonly=True)
    left_out = fields.Text(string="Because", readonly=True)
    opt_out_count = fields.Integer(
        readonly=True,
        help="How many people the server action puts on the blacklist until they "
        "accept.",
    )
    last_mail_date = fields.Datetime(
        string="Last mail leaves at about",
        readonly=True,
        help="Roughly: reckoned from how fast mails left lately, and from what waits "
        "in the mail queue already.",
    )
    changed = fields.Boolean(readonly=True)
    mail_warning = fields.Text(compute="_compute_mail_warning")

    @api.depends("asked_ids")
    def _compute_mail_warning(self):
        for dialog in self:
            dialog.mail_warning = dialog.asked_ids.activity_id._mail_warning()

    again = fields.Boolean(
        readonly=True, help="The silent are asked, too, and whose consent will end."
    )
    kinds = fields.Text(string="Requests", readonly=True)
    refused_name = fields.Char(
        readonly=True,
        help="Who alone was chosen and has refused or withdrawn.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create the dialog, for who may ask with these consents.

        :raise AccessError: for everybody else
        :raise UserError: when an activity has no template
        """
        dialogs = super().create(vals_list)
        for dialog in dialogs:
            dialog._count()
        return dialogs

    def _consents(self):
        """:return: the consents, once it is sure that the user may ask with each

        :raise AccessError: if not, also for those that Odoo would hide
        """
        self.ensure_one()
        consents = self.sudo().consent_ids.sudo(False)
        consents.check_access("write")
        return consents

    def _count(self):
        """Find out who will be asked, and who is left out."""
        consents = self._consents()
        groups = consents._grouped_by_obstacle(self.again)
        refused = groups.get("refused", consents.browse())
        asked = groups.pop(None, self.env["privacy.consent"])
        by_activity = asked.grouped("activity_id")
        # One mail may ask a person about several activities.
        leading = asked._by_leading()
        for consents in by_activity.values():
            consents._request_template()
        texts = self._obstacles()
        requests = self.env["privacy.consent.request"]
        kinds = dict(requests._fields["kind"]._description_selection(self.env))
        self.write(
            {
                "asked_ids": [Command.set(asked.ids)],
                "asked_count": len(leading),
                "activities": self._lines(
                    {one.display_name: those for one, those in by_activity.items()}
                ),
                "kinds": self.again
                and self._lines(
                    {
                        kinds[kind]: those
                        for kind, those in asked._kinds_to_ask().items()
                    }
                ),
                "refused_name": len(consents) == 1 and refused.subject_name,
                "left_out_count": len(self.consent_ids - asked),
                "left_out": self._lines(
                    {texts[code]: those for code, those in groups.items()}
                ),
                "opt_out_count": asked.search_count(
                    asked._opt_out_domain()
                    & Domain("id", "in", asked.ids)
                    & Domain("state", "=", "draft")
                ),
                "last_mail_date": self.env["privacy.activity"]._forecast_last_mail(
                    Counter(one.activity_id for one in leading)
                ),
            }
        )

    @api.model
    def _lines(self, groups):
        """:return: a line for each group of consents, with their number"""
        return "\n".join(f"{label}: {len(those)}" for label, those in groups.items())

    @api.model
    def _obstacles(self):
        """:return: what each code of ``privacy.consent._grouped_by_obstacle`` means"""
        return {
            **self.env["privacy.consent.request"]._causes(),
            "under_way": self.env._("A request is under way"),
            "refused": self.env._("Refused or withdrew"),
            "sent": self.env._("Asked already"),
            "answered": self.env._("Answered already"),
            "sender": self.env._("The controller has no usable e-mail address"),
            "address": self.env._("No address that anybody could reach"),
        }

    def _open(self):
        """:return: the action that opens the dialog"""
        return self._get_records_action(
            name=self.env._("Ask for consent"), target="new", context={}
        )

    def action_ask(self):
        """Ask them, unless others would be asked than the dialog says.

        :return: the action that tells how many requests are enqueued; if something has
            changed, the one that opens the dialog anew
        :rtype: dict
        :raise AccessError: for whoever may not write one of the consents
        """
        self.ensure_one()
        self.check_access("write")
        shown = self._consents() & self.asked_ids
        self._count()
        if self.asked_ids != shown:
            self.changed = True
            return self._open()
        enqueued = shown._ask_by_hand() if self.again else shown.action_auto_ask()
        return self._tell(shown, enqueued)

    def action_ask_refused(self):
        """Ask the one person again who has refused or withdrawn, as somebody confirmed.

        :return: as of :meth:`action_ask`
        :rtype: dict
        :raise AccessError: for whoever may not write the consent
        """
        self.ensure_one()
        self.check_access("write")
        consent = self._consents()
        shown = self.refused_name
        self._count()
        if not shown or self.refused_name != shown:
            self.changed = True
            return self._open()
        return self._tell(consent, consent.action_auto_ask())

    def _tell(self, shown, enqueued):
        """:return: the action that tells how many requests are enqueued"""
        faulty = shown - enqueued
        message = self.env._("Requests enqueued: %s.", len(enqueued))
        if faulty:
            message += " " + self.env._(
                "Could not be made: %s. Their consents say why.", len(faulty)
            )
        return self.env["privacy.activity"]._tell_user(
            message, "warning" if faulty else "success"
        )
