# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Compile the template of a batch of mails once, and not once per mail."""

from lxml import etree

from odoo import models

# Where the context of a batch keeps what was compiled. Odoo compiles a template that
# is no view again for each record, which takes most of the time of making a mail.
COMPILED = "privacy_consent_compiled"


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _generate_code_uncached(self, template):
        compiled = self.env.context.get(COMPILED)
        if not isinstance(compiled, CompiledTemplates) or not isinstance(
            template, etree._Element
        ):
            return super()._generate_code_uncached(template)
        # Compiling changes the template, so the key comes first.
        key = (
            etree.tostring(template),
            *map(self.env.context.get, self._get_template_cache_keys()),
        )
        if key not in compiled:
            compiled[key] = super()._generate_code_uncached(template)
        return compiled[key]


class CompiledTemplates(dict):
    """What was compiled in a batch, by source, language and options.

    A client can make a context up, but not an object of this class.
    """
