# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How seals leave the house, where the owner of the database cannot rewrite them.

Each seal covers everything before it. So the last one is enough: what failed for an
earlier one is not made up for.
"""

import base64
import logging
from datetime import timedelta
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from odoo import fields, models

from odoo.addons.privacy_consent.append_only import moment

from ..log import timestamp
from .privacy_consent_seal import note_on

_logger = logging.getLogger(__name__)

ADDRESSES = "privacy_consent_evidence.seal_addresses"
STAMP_URL = "privacy_consent_evidence.stamp_url"
_MAIL_EVERY = timedelta(days=1)
_TIMEOUT = 20
_LONGEST_ANSWER = 100_000


class PrivacyConsentSeal(models.Model):
    _inherit = "privacy.consent.seal"

    mailed_at = fields.Datetime(string="Mailed on", readonly=True)
    mail_id = fields.Many2one(
        comodel_name="mail.mail",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_system",
    )
    mail_state = fields.Selection(related="mail_id.state", string="State of the mail")
    mail_failure = fields.Text(
        related="mail_id.failure_reason", string="Mail failed because"
    )
    stamp = fields.Binary(
        string="Time stamp as a file", attachment=False, readonly=True
    )
    stamp_name = fields.Char(compute="_compute_stamp_name", exportable=False)
    stamped_at = fields.Datetime(
        string="Stamped on",
        readonly=True,
        help="When the seal was there already, as a time-stamp authority says. "
        "To check it: openssl ts -verify -data SEAL -in STAMP -CAfile "
        "CERTIFICATES_OF_THE_AUTHORITY",
    )
    stamp_problem = fields.Char(string="No time stamp because", readonly=True)

    def _compute_stamp_name(self):
        for one in self:
            one.stamp_name = f"seal-{one.size}.tsr"

    # Mail -----------------------------------------------------------------------

    def _mail(self):
        """Put the seal into the mail queue, at most once a day.

        If its mail failed, and there is no new seal, it is mailed again.
        """
        parameters = self.env["ir.config_parameter"].sudo()
        addresses = parameters.get_param(ADDRESSES)
        failed = self.mail_id.state in ("exception", "cancel")
        if not self or not addresses or (self.mailed_at and not failed):
            return
        mailed = self.search([("mailed_at", "!=", False)], limit=1)
        now = moment()
        # A clock that goes back does not stop it.
        if mailed and abs(now - mailed.mailed_at) < _MAIL_EVERY:
            return
        mail = self.env["mail.mail"].create(
            {
                "subject": self.env._("Seal of %s consent events", self.size),
                "body_html": self.env["ir.qweb"]._render(
                    "privacy_consent_evidence.seal_mail", {"seal": self}
                ),
                "email_to": addresses,
                "email_from": self._sender(),
                "attachment_ids": [
                    fields.Command.create(
                        {"name": self.file_name, "raw": self.checkpoint.encode()}
                    )
                ],
            }
        )
        note_on(self, mailed_at=now, mail_id=mail.id)

    def _sender(self):
        """:return: who sends mails about seals"""
        return self.env.company.email_formatted or self.env.user.email_formatted

    # Time stamp -----------------------------------------------------------------

    def _fetch_stamp(self):
        """Have an authority stamp the seal. Nothing is locked meanwhile."""
        url = self.env["ir.config_parameter"].sudo().get_param(STAMP_URL)
        if not self or self.stamp or not url:
            return
        data = self.checkpoint.encode()
        request, nonce = timestamp.stamp_request(data)
        try:
            answer = _ask_authority(url, request)
            stamped_at = timestamp.check_stamp(answer, data, nonce)
        except (timestamp.StampError, requests.RequestException) as error:
            reason = self._stamp_failure(error)
            _logger.warning("Seal %s got no time stamp: see there.", self.id)
            note_on(self, stamp_problem=reason)
        else:
            # Odoo's binary fields have base64 in the database, too.
            stored = base64.b64encode(answer)
            note_on(self, stamp=stored, stamped_at=stamped_at, stamp_problem=None)

    def _stamp_failure(self, error):
        """:return: why there is no time stamp, in words"""
        if isinstance(error, timestamp.StampError):
            return str(error)
        if isinstance(error, requests.Timeout):
            return self.env._("The authority does not answer.")
        if isinstance(error, requests.HTTPError):
            return self.env._(
                "The authority answers with the status %s.", error.response.status_code
            )
        return self.env._("The authority cannot be reached.")


def is_web_address(url):
    """:return: whether this is an address of the web, with a host"""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _ask_authority(url, request):
    """:return: the bytes that it answers

    :raise requests.RequestException: if there is no such answer
    :raise timestamp.StampError: if it is too long, or the address is none of the web
    """
    if not is_web_address(url):
        raise timestamp.StampError("The address of the authority is none of the web.")
    with requests.post(
        url,
        data=request,
        headers={"Content-Type": timestamp.REQUEST_TYPE},
        timeout=_TIMEOUT,
        allow_redirects=False,
        stream=True,
    ) as response:
        response.raise_for_status()
        try:
            answer = response.raw.read(_LONGEST_ANSWER + 1, decode_content=True)
        except HTTPError as error:
            raise timestamp.StampError("The answer is no time stamp.") from error
    if len(answer) > _LONGEST_ANSWER:
        raise timestamp.StampError("The answer is no time stamp.")
    return answer
