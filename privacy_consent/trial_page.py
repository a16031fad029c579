# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page behind the links of a test mail: made without a database."""

# There is no environment to translate with.
# pylint: disable=prefer-env-translation

from odoo.tools import LazyTranslate

from . import not_found_page

_lt = LazyTranslate(__name__)
_TITLE = _lt("This was a test")
_TEXTS = [
    _lt("The link belongs to a test mail. Nothing was recorded, and nobody is asked."),
    _lt("In a real request it opens the page on which the person answers."),
]


def render(accepted):
    """Make the page.

    :param accepted: the languages that the visitor prefers, a ``LanguageAccept``
    :return: HTML text
    """
    return not_found_page.render_page(accepted, _TITLE, _TEXTS)
