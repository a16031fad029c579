# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers that Odoo's import brings, for example from another system."""

from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError

from .ir_fields_converter import knowing_addressees
from .privacy_consent import ANSWER_VALUES, store
from .privacy_consent_answers_stored import store_answers

# Imports happen in the background of people's work: nobody follows or is told.
_QUIET = {"mail_create_nolog": True, "tracking_disable": True}


class NotAtOnce(Exception):
    """Some row is wrong: Odoo tries one after the other then, and says which."""


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    @api.model
    def get_import_templates(self):
        """:return: the files that Odoo's import offers, with an example in each"""
        return [
            {
                "label": self.env._("Template for answers (%s)", kind.upper()),
                "template": f"/privacy_consent/static/import/answers.{kind}",
            }
            for kind in ("xlsx", "csv")
        ]

    @api.model
    def load(self, fields, data):
        """Import rows. Each answer becomes an event of its consent.

        A row about a person and an activity that have a consent adds to that. A row
        that does not say what the person answered is an error.

        :raise AccessError: for whoever may not create consents
        """
        self.browse().check_access("create")
        if "accepted" in fields:
            column = fields.index("accepted")
            # Odoo takes an empty cell for a no.
            data = [
                [
                    *row[:column],
                    row[column] or self.env._("(empty)"),
                    *row[column + 1 :],
                ]
                for row in data
            ]
        values = ()
        if "partner_id" in fields:
            column = fields.index("partner_id")
            values = {row[column] for row in data}
        with knowing_addressees(self.env, values):
            return super().load(fields, data)

    @api.model
    def _convert_records(self, records, *, log=lambda message: None, savepoint):
        """Note of each row whether it has an error already."""
        found = []

        def note(message):
            found.append(message["type"])
            log(message)

        for *row, info in super()._convert_records(
            records, log=note, savepoint=savepoint
        ):
            yield *row, dict(info, wrong="error" in found)
            found.clear()

    def _load_records(self, data_list, update=False):
        """Have rows with answers add to the consents that there are."""
        # Without what was wrong in it, a row would only have another error.
        data_list = [one for one in data_list if not one.get("info", {}).get("wrong")]
        answers = [data for data in data_list if self._brings_answer(data)]
        if not answers:
            return super()._load_records(data_list, update)
        try:
            self.with_context(**_QUIET)._import_answers(answers)
        except UserError as error:
            if len(answers) == 1:
                raise
            raise NotAtOnce from error
        others = [data for data in data_list if "record" not in data]
        super()._load_records(others, update)
        return self.browse().concat(*(data["record"] for data in data_list))

    @api.model
    def _brings_answer(self, data):
        """:return: whether a row of an import is an answer of one person

        :param dict data: as of ``_load_records()``
        """
        vals = data["values"]
        return (
            "accepted" in vals
            and bool(vals.get("partner_id") and vals.get("activity_id"))
            and not data.get("xml_id")
            and not vals.get("id")
            and bool(self.env.context.get("import_file"))
        )

    def _import_answers(self, rows):
        """Store the answers of rows, and note there whose consent it is.

        :param list rows: as of ``_load_records()``
        :raise UserError: for an answer that cannot be stored
        """
        consents = self._consents_of(rows)
        consents.check_access("write")
        consents = consents._lock()
        # Each consent gets one answer at a time, in the order of the file.
        rounds = defaultdict(dict)
        for row in rows:
            consent = row["record"]
            number = sum(consent in answers for answers in rounds.values())
            rounds[number][consent] = row["values"]
        changed = self.browse()
        for answers in rounds.values():
            said = {}
            for consent in consents.filtered(answers.get):
                vals = consent._answer_values(answers[consent])
                # Who is named with what they said, said it, also if it was assumed.
                said_so = consent.state != "answered" or consent._is_answer(vals)
                if said_so and (read := consent._written_answer(vals)):
                    said[consent] = read
            changed |= store_answers(self.browse().concat(*said), said)
        changed._leave_action_to_cron()

    def _consents_of(self, rows):
        """Find the consents that rows are about, and make those that are missing.

        :param list rows: as of ``_load_records()``, where each is noted
        :return: the consents
        """
        pairs = [
            (row["values"]["partner_id"], row["values"]["activity_id"]) for row in rows
        ]
        partner_ids, activity_ids = map(set, zip(*pairs, strict=True))
        found = {
            (consent.partner_id.id, consent.activity_id.id): consent
            for consent in self.with_context(active_test=False).search(
                [
                    ("partner_id", "in", partner_ids),
                    ("activity_id", "in", activity_ids),
                    ("merged_into_id", "=", False),
                ]
            )
        }
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in found]
        made = self.create(
            [
                {"partner_id": partner_id, "activity_id": activity_id}
                for partner_id, activity_id in missing
            ]
        )
        found.update(zip(missing, made, strict=True))
        for row, pair in zip(rows, pairs, strict=True):
            row["record"] = found[pair].with_env(self.env)
        return self.concat(*(found[pair] for pair in dict.fromkeys(pairs)))

    @api.model
    def _answer_values(self, vals):
        """:return: what a row says of an answer, with the code of its channel"""
        vals = {name: vals[name] for name in ANSWER_VALUES & vals.keys()}
        channel = vals.get("answer_channel")
        codes = {
            label.lower(): code
            for code, label in self.env["privacy.consent.event"]._channels().items()
        }
        vals["answer_channel"] = channel and codes.get(channel.lower(), channel)
        return vals

    def _leave_action_to_cron(self):
        """Have the server action run on each, in batches after the import."""
        acting = self.filtered(lambda one: one.activity_id.sudo().server_action_id)
        if acting:
            store(acting.sudo(), {"action_due": True, "action_attempts": 0})
            self._trigger_effects()
