# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The proof of consents, for people outside."""

from io import BytesIO

from odoo import api, models

from ..proof_pack import ProofPack, of_consents
from ..receipts import receipt_file, receipt_of


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _proof_pack(self, for_person=False):
        """Make the proof pack of these consents, and of those merged with them.

        :param bool for_person: without names of staff and of others
        :return: the content of a ZIP file
        :rtype: bytes
        :raise AccessError: for whoever may not read the consents
        """
        file = BytesIO()
        self._write_proof_pack(file, for_person)
        return file.getvalue()

    def _write_proof_pack(self, file, for_person=False, progress=None):
        """Write what :meth:`_proof_pack` makes into a file.

        :param progress: see :meth:`ProofPack.write_to`
        """
        self.check_access("read")
        together = self.sudo()._merge_group().sudo(self.env.su)
        condition = of_consents(together._filtered_access("read"))
        ProofPack(self.env, condition, for_person).write_to(file, progress)

    def _confirmation_files(self):
        """Attach the receipt, to read and as a file."""
        receipt = receipt_of(self)
        if not receipt:
            return super()._confirmation_files()
        return [
            *super()._confirmation_files(),
            ("receipt.html", receipt_file(self.env, receipt)),
            ("receipt.jsonld", receipt.to_json()),
        ]

    @api.model
    def _missing_labels(self):
        """:return: the name of what a record by ISO/IEC TS 27560 may lack"""
        return {
            "privacy_notice": self.env._("the text that was shown"),
            "language": self.env._("the language of the text"),
            "purposes": self.env._("the purposes"),
            "pii_controllers": self.env._("the controller"),
            "recipient_third_parties": self.env._("the recipients"),
            "controller_contact": self.env._("the contact of the controller"),
            "controller_address": self.env._("the address of the controller"),
            "lawful_basis": self.env._("the legal basis by its article"),
            "pii_information": self.env._("the categories of personal data"),
            "pii_principals": self.env._("the categories of people"),
            "safeguards": self.env._("the safeguards"),
            "storage_locations": self.env._("where the data is stored"),
            "retention_period": self.env._("how long the data is stored"),
            "validity_duration": self.env._("how long the consent is valid"),
        }
