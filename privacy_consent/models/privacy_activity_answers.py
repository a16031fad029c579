# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How the subjects of an activity answer."""

# pylint: disable=consider-merging-classes-inherited

from odoo import fields, models


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    one_click_answers = fields.Boolean(
        string="One-click answers",
        help="Opening a link of the request is the answer, without a press on the page "
        "that it shows. Risky: many mail servers and virus scanners open every link, "
        "so that robots answer for people, who may never have read the request. Such "
        "an answer hardly proves consent.",
    )
