# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From whom requests come: one mailbox of the controller, and nobody else."""

from email.utils import parseaddr

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formataddr

from .. import addresses, links


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    sender_problem = fields.Text(
        string="Nobody to ask in the name of",
        compute="_compute_sender_problem",
        compute_sudo=True,
        help="Why the controller cannot ask anybody. Empty: they can.",
    )

    @api.depends("controller_id.email", "consent_template_id.email_from")
    def _compute_sender_problem(self):
        for activity in self:
            activity.sender_problem = activity._sender_problem()

    def _sender(self):
        """Find the mailbox from which the subjects are asked.

        It is the one that the template names, unless that is computed: then it may be
        of whoever happens to ask.

        :return: name and address; None if the controller has no usable one
        """
        named = self.sudo().consent_template_id.email_from or ""
        if is_mailbox(named) and "{{" not in named:
            return mailbox(*parseaddr(named))
        controller_sudo = self.sudo().controller_id
        own = addresses.read(controller_sudo.email).valid
        return mailbox(controller_sudo.name, own[0]) if own else None

    def _sender_problem(self):
        """:return: why there is no mailbox to ask from; False if there is one"""
        if self._sender():
            return False
        controller_sudo = self.sudo().controller_id
        if not controller_sudo.email:
            return self.env._(
                "“%s” has no e-mail address, so nobody can be asked in their name.",
                controller_sudo.name,
            )
        texts = self.env["privacy.consent"]._address_problems()
        return self.env._(
            "The address “%(address)s” of “%(controller)s” is none that anybody could "
            "answer, so nobody can be asked in their name: %(problems)s",
            address=controller_sudo.email,
            controller=controller_sudo.name,
            problems=" ".join(
                texts[code] for code in addresses.read(controller_sudo.email).problems
            ),
        )

    def _link_host(self, consent):
        """Tell on which server the links of this activity's requests open.

        :param consent: the ``privacy.consent`` that is asked
        :return: its address: that of the controller's company, if they have a website
        """
        company_sudo = self.sudo().controller_company_id
        return links.host.base((company_sudo or consent).get_base_url())

    def _check_sender(self):
        """Refuse to begin asking where there is nobody to ask in the name of.

        Generating alone mails nobody.

        :raise UserError: saying which address is missing
        """
        for activity in self.filtered(lambda one: one.consent_required == "auto"):
            problem = activity._sender_problem()
            if problem:
                raise UserError(problem)


def mailbox(name, address):
    """Write an address with a name, so that headers of any queue can hold it.

    :param name: of a person or company, or a false value
    :param str address: a usable one
    :rtype: str
    """
    return formataddr((name or "", addresses.in_ascii(address)))


def is_mailbox(text):
    """Tell whether a text is exactly one usable address, maybe with a name.

    :rtype: bool
    """
    found = addresses.read(text)
    return len(found.valid) == 1 and not found.problems
