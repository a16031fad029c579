# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Compile the template of a batch of mails once, and not once per mail."""

from contextlib import contextmanager
from contextvars import ContextVar

from lxml import etree

from odoo import models

# What was compiled in a batch, by source, language and options. Odoo compiles a mail
# template again for each record, which takes most of the time of making a mail.
_COMPILED = ContextVar("privacy_consent.compiled", default=None)


@contextmanager
def compiling_once():
    """Keep what is compiled for as long as this lasts."""
    token = _COMPILED.set({})
    try:
        yield
    finally:
        _COMPILED.reset(token)


def is_batch():
    """:return: whether a batch of requests is made at this moment"""
    return _COMPILED.get() is not None


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _generate_code_uncached(self, template):
        compiled = _COMPILED.get()
        if compiled is None or not isinstance(template, etree._Element):
            return super()._generate_code_uncached(template)
        # Compiling changes the template, so the key comes first.
        key = (
            etree.tostring(template),
            *map(self.env.context.get, self._get_template_cache_keys()),
        )
        if key not in compiled:
            compiled[key] = super()._generate_code_uncached(template)
        return compiled[key]
