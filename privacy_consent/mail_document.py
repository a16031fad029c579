# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What surrounds the text of our mails, in the outgoing message alone.

Nothing of it is stored with each request: the document with its style for dark screens,
the logo, and the text for programs that show no HTML.
"""

import re
from io import BytesIO

from markupsafe import Markup
from PIL import Image

from odoo.tools import html2plaintext
from odoo.tools.mimetypes import guess_mimetype

from . import links

#: the Content-ID of the logo
LOGO = "logo@privacy-consent"
# The shipped template has it; another one may have it, too.
_MARK = 'class="o_privacy"'
_PICTURE = re.compile(rf"""<img\b[^>]*\ssrc=["']cid:{LOGO}["'][^>]*>""")
_HOLE = re.compile(r"\n{3,}")
# Outlook and Gmail show no others.
_PICTURE_TYPES = {"image/png", "image/jpeg", "image/gif"}
# Pixels, of the largest one
_HEIGHT, _WIDTH = 48, 240
# Outlook knows no largest width, and other programs turn colours around on their own.
_DOCUMENT = """\
<!DOCTYPE html><html><head><meta charset="utf-8">\
<meta name="viewport" content="width=device-width">\
<meta name="color-scheme" content="light dark">\
<meta name="supported-color-schemes" content="light dark">\
<style>
:root{color-scheme:light dark}
@media (prefers-color-scheme:dark){
body,.o_privacy{background:#14202b!important}
.o_privacy,.o_privacy td,.o_privacy p,.o_privacy div{\
color:#e6eaee!important;border-color:#3b4753!important}
.o_privacy .m,.o_privacy .m a,.o_privacy .m p{color:#a8b3bf!important}
.o_privacy .t *{color:inherit!important;background:none!important}
.o_privacy .t a{color:#9cc9f0!important}
.o_privacy .b{background:#9cc9f0!important}
.o_privacy .b a{color:#0b1a28!important}
.o_privacy img{background:#fff}
}
</style></head><body style="margin:0;padding:8px">\
<!--[if mso]><table role="presentation" align="center" width="600"><tr><td><![endif]-->\
%s\
<!--[if mso]></td></tr></table><![endif]--></body></html>"""


class Logo(tuple):
    """An attachment that is shown in the text: name, content, and type.

    What knows nothing of it sends it as any other attachment.
    """


def logo(content):
    """Make an attachment of a controller's logo.

    :param bytes content: the image, or a false value
    :return: the attachment, or None for an image that mail programs do not show
    """
    kind = guess_mimetype(content) if content else None
    if kind not in _PICTURE_TYPES:
        return None
    return Logo((f"logo.{kind.partition('/')[2]}", content, kind))


def height(picture):
    """:return: how high a logo is shown, in pixels"""
    with Image.open(BytesIO(picture[1])) as image:
        width, high = image.size
    return max(1, round(high * min(1, _HEIGHT / high, _WIDTH / width)))


def finish(email, picture):
    """Add to an outgoing message what surrounds its text.

    :param dict email: one of those of ``mail.mail._prepare_outgoing_list()``
    :param picture: what :func:`logo` returned
    :rtype: dict
    """
    body = email["body"]
    shown = bool(picture and _PICTURE.search(body))
    text = links.placeholder.without_comments(_PICTURE.sub("", body))
    if not shown:
        body = type(body)(_PICTURE.sub("", body))
    # Somebody may have put a layout around, with colours of its own.
    if _MARK in body and "<html" not in body:
        body = Markup(_DOCUMENT) % Markup(body)
    return {
        **email,
        "attachments": [*email["attachments"], *([picture] if shown else [])],
        "body": body,
        "body_alternative": _HOLE.sub("\n\n", html2plaintext(text)),
    }


def embed(message, picture):
    """Put a logo beside the HTML part of a message.

    :param message: an ``email.message.EmailMessage``
    :param Logo picture: the logo
    """
    name, content, kind = picture
    message.get_body(("html",)).add_related(
        content,
        *kind.split("/"),
        cid=f"<{LOGO}>",
        disposition="inline",
        filename=name,
    )
