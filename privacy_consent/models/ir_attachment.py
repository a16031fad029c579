# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The files of a request stay as they were sent, and scans as they were taken."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import links, scans
from .guard import deletable, not_erased, refuse_changes

# Where the files of requests belong.
_OWNERS = {"privacy.consent", "privacy.consent.request"}
# Where scans belong.
_SCANS = "privacy.consent.event"
# The files of these are about one person.
_OF_CONSENTS = ("privacy.consent", _SCANS)
_GUARDED = {
    "datas",
    "db_datas",
    "mimetype",
    "name",
    "raw",
    "res_field",
    "res_id",
    "res_model",
    "type",
    "url",
}


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse a file of a consent that contains its personal link.

        :raise UserError: for such a file, and for one that no event tells of
        """
        files = super().create(vals_list)
        files._check_without_links()
        files._check_scans()
        return files

    def write(self, vals):
        """Refuse to change a file that was sent with a request, or is a scan.

        :raise UserError: for other content, another name or place, and for a file of a
            consent that contains its personal link
        """
        refuse_changes(self._proving, vals, _GUARDED)
        result = super().write(vals)
        if not _GUARDED.isdisjoint(vals):
            self._check_without_links()
            self._check_scans()
        return result

    def _check_without_links(self):
        """Refuse files that came another way than with a message, which is cleaned.

        :raise UserError: for a file of a consent that contains its personal link
        """
        for file_sudo in self.sudo():
            if file_sudo.res_model not in _OF_CONSENTS or not file_sudo.res_id:
                continue
            consent = self.env["privacy.consent"].browse(file_sudo.res_id)
            if file_sudo.res_model == _SCANS:
                consent = self.env[_SCANS].sudo().browse(file_sudo.res_id).consent_id
            file = (file_sudo.name, file_sudo.with_context(bin_size=False).raw or b"")
            if consent._files_without_links([file]) != [file]:
                raise UserError(
                    self.env._(
                        "The file %s contains somebody's personal link, with which "
                        "anybody can answer for them. Remove the link first.",
                        links.scrub.scrub(file_sudo.name),
                    )
                )

    def _check_scans(self):
        """Refuse files of an event that are not what its answer came with.

        :raise UserError: for such a file
        """
        for file_sudo in self.sudo().filtered(lambda one: one.res_model == _SCANS):
            details_sudo = self.env[_SCANS].sudo().browse(file_sudo.res_id).detail_ids
            content = file_sudo.with_context(bin_size=False).raw or b""
            if scans.digest(content) not in details_sudo.mapped("scan"):
                raise UserError(
                    self.env._(
                        "The file %s is not what this answer came with: record another "
                        "answer with it.",
                        file_sudo.name,
                    )
                )

    def unlink(self):
        """Refuse to delete a file that was sent with a request, or is a scan.

        :raise UserError: for a person; a clean-up of Odoo passes over it
        """
        files = deletable(self, self._proving())
        return super(IrAttachment, files).unlink()

    @api.model
    def _inaccessible_comodel_records(self, model_and_ids, operation):
        """Keep the files of activities from who may know no more than their names."""
        activities = self.env["privacy.activity"]
        if operation == "read" and not activities._is_reader():
            ids = model_and_ids.get(activities._name, ())
            others = {
                name: ids
                for name, ids in model_and_ids.items()
                if name != activities._name
            }
            yield from super()._inaccessible_comodel_records(others, operation)
            model_and_ids, operation = {activities._name: ids}, "write"
        yield from super()._inaccessible_comodel_records(model_and_ids, operation)

    def _proving(self):
        """:return: those of these files that prove a request or an answer"""
        files = not_erased(self)
        scans_sudo = files.sudo().filtered(lambda one: one.res_model == _SCANS)
        return files._sent_with_requests() | files & scans_sudo

    def _sent_with_requests(self):
        """:return: those of these files that were sent with requests"""
        files = self.sudo().filtered(lambda one: one.res_model in _OWNERS)
        if not files:
            return self.browse()
        return self.browse(
            file_id
            for (file_id,) in self.env.execute_query(
                SQL(
                    """
                    SELECT file.id FROM ir_attachment file
                    WHERE file.id IN %s AND EXISTS (
                        SELECT FROM message_attachment_rel sent
                        JOIN privacy_consent_request request USING (message_id)
                        WHERE sent.attachment_id = file.id
                    )
                    """,
                    tuple(files.ids),
                )
            )
        )
