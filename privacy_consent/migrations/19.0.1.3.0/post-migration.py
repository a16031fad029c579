# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From 19.0.1.2.0: who has edited nothing of the mail gets the new one."""

import hashlib

from lxml import etree

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL
from odoo.tools.misc import file_path

# Of the bodies that this addon came with, in English and translated.
_SHIPPED = {
    "0cc8d9d374cb",
    "1b9d94291fa9",
    "2483b4bfc7a1",
    "3ac59bd7e9bf",
    "72dfc0b82db2",
    "83e979fd8ba0",
    "8b5c7348851c",
    "94b1df4c1e69",
    "98d17bf6110f",
    "aabc9c65417c",
    "abb01e696c3a",
    "b05f2b388318",
    "cabe43e026f8",
    "d38ec3e8be24",
    "e36e679d08a7",
    "ee326f1f1b9d",
}


def migrate(cr, version):
    """Replace the body of the shipped template, unless somebody edited it.

    Translations that nobody edited go: Odoo loads the new ones after this.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    template = env.ref("privacy_consent.template_consent", raise_if_not_found=False)
    if not template:
        return
    cr.execute(SQL("SELECT body_html FROM mail_template WHERE id = %s", template.id))
    ((bodies,),) = cr.fetchall()
    shipped = [
        lang for lang, body in (bodies or {}).items() if _digest(body) in _SHIPPED
    ]
    if "en_US" not in shipped:
        return
    cr.execute(
        SQL(
            "UPDATE mail_template SET body_html = body_html - %s::text[] WHERE id = %s",
            [lang for lang in shipped if lang != "en_US"],
            template.id,
        )
    )
    template.invalidate_recordset(flush=False)
    template.with_context(lang="en_US").body_html = _new_body()


def _new_body():
    """:return: the body of the template that this addon comes with"""
    data = etree.parse(file_path("privacy_consent/data/mail_template.xml"))
    body = data.find(".//record[@id='template_consent']/field[@name='body_html']")
    return "".join(
        etree.tostring(part, method="html", encoding="unicode") for part in body
    )


def _digest(body):
    """:return: what identifies a text, however it is indented"""
    return hashlib.sha256("".join(body.split()).encode()).hexdigest()[:12]
