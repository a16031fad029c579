# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Record what people answered on paper, by phone or in person."""

import base64
import dataclasses

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from .. import links, scans
from ..models.privacy_consent_proof import BY_HAND


class PrivacyConsentRecord(models.TransientModel):
    """One answer of one or more people about one activity, as staff got it.

    It is the one way in which *Recorders* reach consents, to which they have no rights.
    """

    _name = "privacy.consent.record"
    _description = "Record an answer"

    activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        string="Activity",
        required=True,
        ondelete="cascade",
        help="What they answered about.",
    )
    partner_ids = fields.Many2many(
        comodel_name="res.partner",
        relation="privacy_consent_record_rel",
        string="People",
        required=True,
        context={"active_test": False},
        help="Whose answer it is.",
    )
    answer = fields.Selection(
        selection=[("accepted", "Accepted"), ("rejected", "Rejected or withdrawn")],
        required=True,
    )
    answered_at = fields.Datetime(
        string="When",
        default=fields.Datetime.now,
        required=True,
        help="When they said it or signed, not when it is recorded.",
    )
    channel = fields.Selection(
        selection="_select_channel",
        string="How",
        required=True,
    )
    note = fields.Text(help="For example who took the call.")
    scan = fields.Binary(
        attachment=False,
        help="The form that they signed: PDF, JPEG or PNG. It is kept as proof.",
    )
    scan_name = fields.Char()

    @api.model
    def _select_channel(self):
        labels = self.env["privacy.consent.event"]._channels()
        return [(channel, labels[channel]) for channel in BY_HAND]

    @api.model
    def default_get(self, fields):
        """Begin with what was selected: contacts, or consents about one activity.

        :raise UserError: for consents about several activities
        """
        defaults = super().default_get(fields)
        context = self.env.context
        ids = context.get("active_ids") or [context.get("active_id")]
        chosen = context.get("active_model")
        if chosen == "res.partner":
            defaults["partner_ids"] = [Command.set(ids)]
        elif chosen == "privacy.consent":
            consents = self.env[chosen].browse(ids)
            if len(consents.activity_id) > 1:
                raise UserError(
                    self.env._(
                        "Choose consents about one activity: each activity needs an "
                        "answer of its own."
                    )
                )
            defaults["activity_id"] = consents.activity_id.id
            defaults["partner_ids"] = [Command.set(consents.partner_id.ids)]
        return defaults

    def action_record(self):
        """Record the answer of each of them. Who has no consent yet gets one.

        :return: the action that tells how many
        :rtype: dict
        :raise AccessError: for people or an activity of another company
        :raise UserError: for a moment in the future, and for a file that is no scan
        """
        self.ensure_one()
        self.check_access("write")
        answer = self.answer == "accepted"
        note = (self.note or "").strip()
        scan = self._checked_scan()
        consents_sudo = self._consents_sudo()
        word = consents_sudo._word_of_user(note, self.channel, self.answered_at)
        proof = dataclasses.replace(word.proof, scan=scan)
        for consent_sudo in consents_sudo:
            # Somebody may have pressed twice.
            if not consent_sudo._knows_answer(answer, self.channel, self.answered_at):
                consent_sudo._record_answer(answer, proof)
        return self.env["privacy.activity"]._tell_user(
            self.env._("Answers recorded: %s.", len(consents_sudo)), "success"
        )

    def _checked_scan(self):
        """:return: the file, if there is one; a ``links.proof.Scan``

        :raise UserError: if it is too large, or none of the types
        """
        content = base64.b64decode(self.scan or b"")
        if not content:
            return None
        if len(content) > scans.MAX_SIZE:
            raise UserError(
                self.env._(
                    "The scan is too large: choose a file of no more than %s MB.",
                    scans.MAX_SIZE // 2**20,
                )
            )
        ending = scans.ending(content)
        if not ending:
            raise UserError(
                self.env._("The scan is no PDF, JPEG or PNG file: choose one of these.")
            )
        name = self.scan_name or self.env._("Scan")
        if not name.lower().endswith((ending, ending.replace("jpg", "jpeg"))):
            name += ending
        return links.proof.Scan(name, content)

    def _consents_sudo(self):
        """Find the consents of these people, and make those that are missing.

        :return: the consents, which the user may have no rights to
        :raise AccessError: for those of another company
        """
        # Odoo hides those of other companies, which then would just be left out.
        partners = self.sudo().partner_ids.sudo(False)
        activity = self.sudo().activity_id.sudo(False)
        partners.check_access("read")
        activity.check_access("read")
        consents_sudo = (
            self.env["privacy.consent"]
            .sudo()
            .with_context(active_test=False, mail_create_nolog=True)
        )
        found = consents_sudo.search(
            [
                ("activity_id", "=", activity.id),
                ("partner_id", "in", partners.ids),
                ("merged_into_id", "=", False),
            ]
        )
        found += consents_sudo.create(
            [
                {"activity_id": activity.id, "partner_id": partner.id}
                for partner in partners - found.partner_id
            ]
        )
        allowed = self.env["ir.rule"]._compute_domain(found._name, "write")
        if found.filtered_domain(allowed) != found:
            raise AccessError(
                self.env._("One of these people belongs to another company.")
            )
        return found
