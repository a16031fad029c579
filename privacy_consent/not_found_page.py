# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page for a link that is not valid: made without a database, whatever is wrong."""

# There is no environment to translate with.
# pylint: disable=prefer-env-translation

from pathlib import Path

from babel import Locale
from lxml import etree
from markupsafe import Markup

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)
_ADDON = Path(__file__).parent
_LANGUAGES = ["en", *sorted(path.stem for path in (_ADDON / "i18n").glob("*.po"))]
_STYLE = etree.parse(_ADDON / "templates" / "consent_page.xml").findtext(
    ".//template[@id='form_style']/style"
)
_TITLE = _lt("This link is not valid")
_TEXTS = [
    _lt("It may be incomplete, or not valid any more."),
    _lt(
        "Open the link in the message again, or copy all of it. If that does not "
        "help, answer the message: whoever sent it will help you."
    ),
]
_PAGE = Markup("""\
<html lang="{lang}" dir="{direction}">
    <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex, nofollow" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="data:," />
        <title>{title}</title>
        <style>{style}</style>
    </head>
    <body><main><h1>{title}</h1>{paragraphs}</main></body>
</html>""")


def render(accepted):
    """Make the page.

    :param accepted: the languages that the visitor prefers, a ``LanguageAccept``
    :return: HTML text
    """
    return render_page(accepted, _TITLE, _TEXTS)


def render_page(accepted, title, texts):
    """Make a page that says something, and that is all.

    :param accepted: the languages that the visitor prefers, a ``LanguageAccept``
    :param title: a lazy translation, like each of the texts
    :param list texts: one for each paragraph
    :return: HTML text
    """
    lang = accepted.best_match(_LANGUAGES, default="en")
    code = "en_US" if lang == "en" else lang
    return _PAGE.format(
        lang=lang.replace("_", "-"),
        direction=Locale.parse(lang).text_direction,
        title=title._translate(code),
        style=Markup(_STYLE),
        paragraphs=Markup().join(
            Markup("<p>{}</p>").format(text._translate(code)) for text in texts
        ),
    )
