# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The files that were sent with requests: copies that nobody changes."""

from odoo import SUPERUSER_ID, models
from odoo.fields import Command

from .guard import making


class PrivacyConsentRequest(models.Model):
    _inherit = "privacy.consent.request"

    def unlink(self):
        """Delete requests that never left, and the files that no other one has.

        :raise AccessError: for whoever may not delete requests anyway
        :raise UserError: for one of a consent whose request was sent
        """
        self.check_access("unlink")
        # No context turns this off, as it does what Odoo calls before it deletes.
        self.consent_id._unlink_except_asked()
        files_sudo = (
            self.env["ir.attachment"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        )
        for file_sudo in files_sudo:
            heir_sudo = self.sudo().search(
                [
                    ("message_id.attachment_ids", "in", file_sudo.ids),
                    ("id", "not in", self.ids),
                ],
                limit=1,
            )
            if heir_sudo:
                with making(file_sudo):
                    file_sudo.res_id = heir_sudo.id
        return super().unlink()

    def _keep_files(self):
        """Give the requests files of their own instead of those of a template.

        Requests for contacts of one company share the files with the same content,
        and whoever may read one of them may open these.
        """
        with_files = self.filtered("message_id.attachment_ids")
        for (company, files), requests in with_files.grouped(
            lambda one: (one.company_id, one._files_of_others())
        ).items():
            if not files:
                continue
            commands = [Command.unlink(file.id) for file in files]
            commands += [
                Command.link(requests[0]._copied(file, company).id) for file in files
            ]
            with making(requests.message_id):
                requests.message_id.write({"attachment_ids": commands})

    def _files_of_others(self):
        """:return: the files of the message that neither it nor the consent owns"""
        return self.message_id.attachment_ids.filtered(
            lambda file: file.res_model != self._name
            and (file.res_model, file.res_id)
            != (self.consent_id._name, self.consent_id.id)
        )

    def _copied(self, file, company):
        """Copy a file, unless a request has such a copy already.

        :param file: ``ir.attachment`` record, with superuser rights
        :param company: of the requests that share the copy
        :return: the copy, with superuser rights
        """
        same = ("checksum", "mimetype", "name", "type", "url")
        copies = file.search(
            [
                ("res_model", "=", self._name),
                *((name, "=", file[name]) for name in same),
            ]
        )
        owners = self.browse(copies.mapped("res_id")).exists()
        owners = owners.filtered(lambda one: one.company_id == company)
        copy = copies.filtered(lambda one: one.res_id in owners.ids)[:1]
        # Odoo would store some kinds of file as another kind for an ordinary user.
        as_it_is = file.with_user(SUPERUSER_ID).with_context(image_no_postprocess=True)
        return copy or as_it_is.copy(
            {"res_model": self._name, "res_id": self.id, "access_token": False}
        )
