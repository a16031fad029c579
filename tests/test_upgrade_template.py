# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The mail that people get after an upgrade: the new one, or the one they edited."""

from server import Shell, query
from test_upgrade import upgrade_again

from tools import settings

EARLIER = settings.ROOT / "tests" / "earlier"
BODY = "SELECT body_html->>%s FROM mail_template WHERE id = %s"
# As 19.0.1.2.0 stored it, with the translation that it brought along.
DOWNGRADE = """
from odoo.tools.convert import convert_xml_import
env["res.lang"]._activate_lang("de_DE")
env["res.lang"]._activate_lang("fr_FR")
with open({xml!r}, "rb") as file:
    convert_xml_import(env, "privacy_consent", file, {{}}, "init", True)
template = env.ref("privacy_consent.template_consent")
template.with_context(lang="de_DE").body_html = open({german!r}).read()
env.cr.execute(
    "UPDATE mail_template SET body_html = body_html"
    " || jsonb_build_object('de_DE', %s::text) WHERE id = %s",
    [open({german!r}).read(), template.id],
)
template.invalidate_recordset(flush=False)
template.subject = "Ours"
{more}
env.cr.commit()
print(template.id)
"""
EDIT = "template.with_context(lang={!r}).body_html += '<p>Edited</p>'"


def upgraded(new_database, more=""):
    """:return: a function that reads the body in a language, after an upgrade"""
    database = new_database()
    script = DOWNGRADE.format(
        xml=str(EARLIER / "mail_template_19_0_1_2_0.xml"),
        german=str(EARLIER / "mail_template_19_0_1_2_0_de.html"),
        more=more,
    )
    template = int(Shell(database, script).finish().split()[-1])
    upgrade_again(database, "19.0.1.2.0")

    def body(lang):
        ((text,),) = query(database, BODY, lang, template)
        return text

    body.subject = query(
        database, "SELECT subject->>'en_US' FROM mail_template WHERE id = %s", template
    )
    return body


def is_new(body):
    return "o_privacy" in body and "policy_url" in body


def test_what_nobody_edited_is_the_new_one(new_database):
    body = upgraded(new_database)
    assert is_new(body("en_US"))
    # the new translation, or none
    assert not body("de_DE") or "policy_url" in body("de_DE")
    assert body.subject == [("Ours",)], "of the rest nothing is touched"


def test_what_somebody_edited_stays(new_database):
    body = upgraded(new_database, EDIT.format("en_US"))
    assert "Edited" in body("en_US")
    assert not is_new(body("en_US"))
    assert "policy_url" not in body("de_DE")


def test_translations_that_somebody_edited_stay(new_database):
    languages = ("de_DE", "fr_FR")
    body = upgraded(new_database, "\n".join(map(EDIT.format, languages)))
    assert is_new(body("en_US"))
    for lang in languages:
        assert "Edited" in body(lang)
        assert not is_new(body(lang))
