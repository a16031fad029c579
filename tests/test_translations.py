# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The translations are complete, current, and what a subject reads."""

import html
import json
import re
from collections import Counter
from gettext import c2py
from pathlib import Path

import polib
import pytest
from lxml import etree
from server import Shell

from odoo.addons import base as odoo_base

from tools import databases, settings

ADDONS = [folder.name for folder in settings.addons()]
LANGUAGES = {
    "ar": "ar_001",
    "de": "de_DE",
    "es": "es_ES",
    "fr": "fr_FR",
    "it": "it_IT",
    "nl": "nl_NL",
    "pl": "pl_PL",
    "pt": "pt_PT",
}

# What `make test` reads as a subject does: `make soak` reads all of them.
READ = ("ar", "de")
TAG_OR_EXPRESSION = re.compile(r"<[^<>]+>|\{\{.*?\}\}")
READ_ALOUD = re.compile(r'aria-label="([^"]*)"')
# So many letters fit on every phone.
SHORT_BUTTON = 24
PLACEHOLDER = re.compile(rf"%\(\w+\)s|%s|{TAG_OR_EXPRESSION.pattern}")

# The texts that a subject gets to read.
PAGES = "model_terms:ir.ui.view,arch_db:privacy_consent"
READ_BY_SUBJECTS = {
    "model:mail.template,subject:privacy_consent.template_consent",
    "model:mail.template,body_html:privacy_consent.template_consent",
    f"{PAGES}.form",
    f"{PAGES}.form_preferences",
    f"{PAGES}.languages",
    f"{PAGES}.preferences",
    f"{PAGES}.preferences_list",
    f"{PAGES}.preferences_result",
    f"{PAGES}_portal.my_privacy",
    f"{PAGES}_portal.portal_my_home",
    "code:addons/privacy_consent/not_found_page.py",
}

# Writes what `odoo i18n export` does: one start of Odoo exports several addons.
EXPORT = """
from pathlib import Path
from odoo.tools.translate import trans_export
for addon in {addons}:
    with Path({folder!r}, addon + ".pot").open("wb") as file:
        trans_export(False, [addon], file, "po", env)
"""
# What a page says only if no request went there for a day.
LATER = "The request was sent to"
# Prints what subjects read, by language: every variant of the mail and of the pages.
RENDER = """
import json
from datetime import date
from lxml import html
from werkzeug.test import Client
from odoo.http import root
from odoo.addons.privacy_consent.models.privacy_consent_delivery import sending

languages = {languages}
env["res.lang"].with_context(active_test=False).search(
    [("code", "in", languages), ("active", "=", False)]
).action_unarchive()
env["res.company"].search([]).write({{
    "privacy_officer": "2026", "privacy_policy_url": "https://example.com/2026",
}})
marker = env["res.partner.category"].create({{"name": "Subjects"}})
users = env["res.users"].with_context(no_reset_password=True).create([
    {{
        "name": "Kim",
        "login": lang,
        "password": lang,
        "email": lang + "@example.com",
        "lang": lang,
        "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
    }}
    for lang in languages
])
users.partner_id.category_id = marker
read = {{lang: [] for lang in languages}}
clients = {{lang: Client(root) for lang in languages}}
VISITOR = {{"REMOTE_ADDR": "127.0.0.1"}}

def send(lang, url, **kwargs):
    env.cr.commit()
    page = clients[lang].open(
        url,
        headers={{"Accept-Language": lang.replace("_", "-")}},
        environ_base=VISITOR,
        follow_redirects=True,
        **kwargs,
    ).text
    read[lang].append(page)
    env.cr.commit()
    env.invalidate_all()
    return html.fromstring(page)

def press_all(lang, url):
    send(lang, url, method="POST")
    for number in range(3):
        for form in send(lang, url).forms[number:number + 1]:
            data = dict(form.fields)
            send(lang, form.action or url, method="POST", data=data)

# Of this language there is no translation: the English words are read.
env["res.lang"]._activate_lang("sv_SE")
processor = env["res.partner"].create({{"name": "2026"}})
env.company.email = "company@example.com"
activities = env["privacy.activity"]
for default in (False, True):
    activities += activities.create({{
        "name": "2026",
        "description": "<p>2026</p>",
        "processor_ids": processor.ids,
        "consent_required": "auto",
        "default_consent": default,
        "subject_find": True,
        "subject_domain": str([("category_id", "in", marker.ids)]),
    }})
base = env["ir.config_parameter"].get_param("web.base.url")
for lang in languages:
    params = {{"db": env.cr.dbname, "login": lang, "password": lang}}
    env.cr.commit()
    login = base + "/web/session/authenticate"
    clients[lang].post(login, json={{"params": params}}, environ_base=VISITOR)
    send(lang, base + "/my/privacy")
activities.action_new_consents()
for consent in activities.consent_ids:
    mail = env["mail.mail"].search(
        [("model", "=", consent._name), ("res_id", "=", consent.id)]
    )
    read[consent.partner_id.lang] += [mail.subject, str(mail.body_html)]
    with sending(mail):
        consent._mail_delivered(mail, consent.partner_id)
activities.consent_ids.request_ids._follow()
for user in users:
    lang = user.lang
    first, second = activities.consent_ids.filtered(
        lambda consent: consent.partner_id == user.partner_id
    )
    accept = second._url(True)
    preferences = second._link("preferences", second._token())
    send(lang, base + "/my")
    for url in (preferences, accept, preferences):
        press_all(lang, url)
        for consent in first + second:
            consent.action_answer(True)
        send(lang, preferences)
    second.write({{"accepted": False, "answer_date": "2020-01-01"}})
    for url in (preferences, base + "/my/privacy"):
        send(lang, url)
    send(lang, accept.replace("?", "0?"))
    data = dict(send(lang, accept).forms[0].fields)
    send(lang, accept, method="POST", data=data)
    send(lang, preferences)
    second._invalidate()
    for url in (preferences, accept):
        send(lang, url)
    data = dict(send(lang, accept).forms[0].fields)
    second.activity_id.description = f"<p>{{second.id}}</p>"
    send(lang, accept, method="POST", data=data)
    own = first._url(True)
    data = dict(send(lang, own).forms[0].fields)
    send(lang, own, method="POST", data=data)
    first.activity_id.description = f"<p>{{first.id}}</p>"
    for url in (own, preferences, base + "/my/privacy"):
        send(lang, url)
    data = dict(send(lang, own).forms[0].fields)
    first._lock_proof(date(2100, 1, 1), "2026")
    for url in (own, preferences, base + "/my/privacy"):
        send(lang, url)
    send(lang, own, method="POST", data=data)
    user.partner_id.email = lang + "@new.example.com"
    press_all(lang, accept)
send("en_US", accept + "&lang=sv_SE")
long = activities[0].copy({{"description": "<p>" + 1000 * "2026 " + "</p>"}})
for user in users:
    read[user.lang] += map(str, long._try_request(user.partner_id, user.lang))
print(json.dumps(read))
"""


@pytest.fixture(scope="module")
def read(new_database):
    return what_subjects_read(new_database("portal"), READ)


def what_subjects_read(database, languages):
    """:return: the words without tags, by the language's code in Odoo"""
    codes = ["en_US", *map(LANGUAGES.get, languages)]
    script = RENDER.format(languages=codes)
    rendered = json.loads(Shell(database, script).finish())
    return {
        lang: html.unescape(squeeze(readable(" ".join(texts))))
        for lang, texts in rendered.items()
    }


def readable(page):
    """:return: the text of a page, and what is read aloud of it"""
    return " ".join([TAG_OR_EXPRESSION.sub("", page), *READ_ALOUD.findall(page)])


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


def buttons(addon):
    """:return: the words on the buttons of an addon's views and pages"""
    labels = set()
    for file in (settings.ROOT / addon).glob("*/*.xml"):
        for button in etree.parse(file).iter("button"):
            labels |= {button.get("string"), squeeze(button.text or "")}
    return labels - {None, ""}


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


def plural_forms(file):
    """:return: how many forms the language of a file has, and which each number has"""
    forms = file.metadata["Plural-Forms"]
    count, rule = re.fullmatch(r"nplurals=(\d); plural=(.*?);?", forms).groups()
    return int(count), list(map(c2py(rule), range(200)))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("addon", ADDONS)
def test_plural_forms_are_those_of_the_language(addon, lang):
    odoo = Path(odoo_base.__file__).with_name("i18n") / f"{lang}.po"
    assert plural_forms(file_of(addon, f"{lang}.po")) == plural_forms(
        polib.pofile(odoo)
    )


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("addon", ADDONS)
def test_buttons_stay_short(addon, lang):
    """They fit on a phone, where two of them may stand in one line."""
    translated = {entry.msgid: entry.msgstr for entry in file_of(addon, f"{lang}.po")}
    for label in buttons(addon):
        if label in translated:
            longest = max(SHORT_BUTTON, 2 * len(label))
            assert len(translated[label]) <= longest, translated[label]


@pytest.fixture(scope="module")
def exported(new_database, tmp_path_factory):
    """The folder of what Odoo exports, with a file of each addon."""
    folder = tmp_path_factory.mktemp("exported")
    left = set(ADDONS)
    for variant in ("lean", "portal", "website"):
        addons = sorted(left.intersection(databases.VARIANTS[variant].addons))
        script = EXPORT.format(folder=str(folder), addons=addons)
        Shell(new_database(variant), script).finish()
        left.difference_update(addons)
    return folder


@pytest.mark.parametrize("addon", ADDONS)
def test_template_is_what_odoo_exports(addon, exported):
    committed = terms(file_of(addon, f"{addon}.pot"))
    now = terms(polib.pofile(exported / f"{addon}.pot"))
    assert committed == now, "export it, and translate it"


@pytest.mark.parametrize("lang", READ)
def test_subjects_read_their_language(lang, read):
    check_language(lang, read)


def check_language(lang, read):
    """Check that subjects read the translation of all they read, and nothing else."""
    entries = [
        entry
        for addon in ("privacy_consent", "privacy_consent_portal")
        for entry in file_of(addon, f"{lang}.po")
        if not READ_BY_SUBJECTS.isdisjoint(place for place, line in entry.occurrences)
    ]
    assert entries
    words = [english for entry in entries for english in pieces(entry.msgid)]
    assert [one for one in words if one not in read["en_US"]] in ([], [LATER])
    for entry in entries:
        if LATER in entry.msgid:
            continue
        for english in pieces(entry.msgid):
            # "Privacy" is an Italian and a Dutch word, too.
            if english not in pieces(entry.msgstr):
                assert english not in read[LANGUAGES[lang]]
        for translated in pieces(entry.msgstr):
            assert translated in read[LANGUAGES[lang]]
