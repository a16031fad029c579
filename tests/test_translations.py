# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The translations are complete, current, and what a subject reads."""

import html
import json
import re
import subprocess
from collections import Counter

import polib
import pytest
from server import ODOO, Shell

from tools import settings

ADDONS = [folder.name for folder in settings.addons()]
LANGUAGES = {"es": "es_ES", "fr": "fr_FR", "de": "de_DE"}

TAG_OR_EXPRESSION = re.compile(r"<[^<>]+>|\{\{.*?\}\}")
PLACEHOLDER = re.compile(rf"%\(\w+\)s|%s|{TAG_OR_EXPRESSION.pattern}")

# The texts that a subject gets to read.
READ_BY_SUBJECTS = {
    "model:mail.template,subject:privacy_consent.template_consent",
    "model:mail.template,body_html:privacy_consent.template_consent",
    "model_terms:ir.ui.view,arch_db:privacy_consent.form",
}

# Prints what subjects read, by language: every variant of the mail and of the page.
RENDER = """
import json
from odoo.addons.privacy_consent.controllers.consent import ConsentController

languages = {languages}
env["res.lang"].with_context(active_test=False).search(
    [("code", "in", languages), ("active", "=", False)]
).action_unarchive()
marker = env["res.partner.category"].create({{"name": "Subjects"}})
subjects = env["res.partner"].create([
    {{
        "name": "Kim",
        "email": lang + "@example.com",
        "lang": lang,
        "category_id": marker.ids,
    }}
    for lang in languages
])
read = {{lang: [] for lang in languages}}

def show(consent, recorded):
    consent = consent.with_context(lang=consent.partner_id.lang)
    values = ConsentController()._page_values(consent, "accept", recorded)
    page = env["ir.qweb"].with_env(consent.env)._render("privacy_consent.form", values)
    read[consent.partner_id.lang].append(str(page))

for default in (False, True):
    activity = env["privacy.activity"].create({{
        "name": "2026",
        "consent_required": "auto",
        "default_consent": default,
        "subject_find": True,
        "subject_domain": str([("category_id", "in", marker.ids)]),
    }})
    activity.action_new_consents()
    for consent in activity.consent_ids:
        mail = env["mail.mail"].search(
            [("model", "=", consent._name), ("res_id", "=", consent.id)]
        )
        read[consent.partner_id.lang] += [mail.subject, str(mail.body_html)]
        show(consent, recorded=False)
        consent.action_answer(default)
        show(consent, recorded=False)
        show(consent, recorded=True)
print(json.dumps(read))
"""


@pytest.fixture(scope="module")
def database(new_database):
    """A database with the current sources."""
    return new_database()


@pytest.fixture(scope="module")
def read(database):
    """What subjects read, by language, without tags."""
    script = RENDER.format(languages=["en_US", *LANGUAGES.values()])
    rendered = json.loads(Shell(database, script).finish())
    return {
        lang: html.unescape(squeeze(TAG_OR_EXPRESSION.sub("", " ".join(texts))))
        for lang, texts in rendered.items()
    }


def squeeze(text):
    """:return: the text with single spaces"""
    return " ".join(text.split())


def file_of(addon, name):
    """:return: a parsed file of an addon's i18n folder"""
    return polib.pofile(settings.ROOT / addon / "i18n" / name)


def terms(file):
    """:return: the terms of a file, each with the places where it is used"""
    return {entry.msgid: sorted(entry.occurrences) for entry in file}


def pieces(text):
    """:return: what of a term is words, between its tags and expressions"""
    found = (squeeze(piece) for piece in TAG_OR_EXPRESSION.split(text))
    return [piece for piece in found if re.search(r"[^\W\d_]", piece)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("addon", ADDONS)
def test_everything_is_translated(addon, lang):
    file = file_of(addon, f"{lang}.po")
    assert terms(file) == terms(file_of(addon, f"{addon}.pot"))
    assert not file.fuzzy_entries()
    assert not file.obsolete_entries()
    for entry in file:
        assert entry.msgstr, f"not translated: {entry.msgid}"
        expected = Counter(PLACEHOLDER.findall(entry.msgid))
        assert Counter(PLACEHOLDER.findall(entry.msgstr)) == expected, entry.msgid


@pytest.mark.parametrize("addon", ADDONS)
def test_template_is_what_odoo_exports(addon, database, new_database, tmp_path):
    if addon == "privacy_consent_portal":
        database = new_database("portal")
    exported = tmp_path / f"{addon}.pot"
    subprocess.run(
        [*ODOO, "i18n", "export", "-c", settings.CONF, "-d", database]
        + ["-o", exported, addon],
        check=True,
        capture_output=True,
    )
    committed = terms(file_of(addon, f"{addon}.pot"))
    assert committed == terms(polib.pofile(exported)), "export it, and translate it"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_subjects_read_their_language(lang, read):
    entries = [
        entry
        for entry in file_of("privacy_consent", f"{lang}.po")
        if not READ_BY_SUBJECTS.isdisjoint(place for place, line in entry.occurrences)
    ]
    assert entries
    for entry in entries:
        for english in pieces(entry.msgid):
            assert english in read["en_US"]
            assert english not in read[LANGUAGES[lang]]
        for translated in pieces(entry.msgstr):
            assert translated in read[LANGUAGES[lang]]
