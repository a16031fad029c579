# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The person gets a receipt of their answers, and all the proof."""

import json

from lxml import html

from odoo.models import MAGIC_COLUMNS
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.privacy_consent.links import proof
from odoo.addons.privacy_consent.models.privacy_consent_scrub import _tokens
from odoo.addons.privacy_consent.tests.answers import asked_at, press
from odoo.addons.privacy_consent.tests.common import local

from .test_proof_pack import PackCase

LABEL = "Download my receipt"


@tagged("post_install", "-at_install")
class TestReceipt(PackCase, HttpCase):
    def path(self, word, consent=None):
        """:return: a link of the subject to one of the public pages"""
        consent = consent or self.consent
        return consent._link_path(word, consent._token())

    def get(self, path):
        """:return: the response to a link"""
        self.env.flush_all()
        return self.url_open(path)

    def receipt_links(self, response):
        """:return: the links of a page to the receipt"""
        page = html.fromstring(response.content)
        return page.xpath(f"//a[contains(., '{LABEL}')]/@href")

    def files_of_receipt(self, response):
        """:return: the links of a receipt to its files"""
        page = html.fromstring(response.content)
        return [one for one in page.xpath("//a/@href") if "as=" in one]

    def test_on_the_page_after_an_answer(self):
        page = html.fromstring(self.get(self.path("accept")).content)
        form = next(form for form in page.forms if "/accept/" in form.action)
        response = self.url_open(form.action, data=dict(form.fields))
        (link,) = self.receipt_links(response)
        response = self.get(link)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        receipt = html.fromstring(response.content)
        self.assertIn("One mail a month.", receipt.text_content())
        self.assertEqual(
            [one.text for one in receipt.xpath("//tbody//th")],
            ["Given", "Withdrawn", "Given"],
        )
        self.assertFalse(receipt.xpath("//script"))
        self.assertNotIn("Mitchell", response.text)

    def change_activity(self):
        """Give every field that people can change another value."""
        special = {
            "consent_template_id": self.activity.consent_template_id.copy().id,
            "server_action_id": self.env["ir.actions.server"]
            .create(
                {
                    "name": "Other",
                    "model_id": self.env.ref(
                        "privacy_consent.model_privacy_consent"
                    ).id,
                    "state": "code",
                }
            )
            .id,
            "privacy_policy_url": "https://other.example.com",
            "subject_domain": "[('id', '<', 0)]",
        }
        # One needs the other.
        self.activity.write({"consent_required": False, "subject_find": False})
        names, unchanged = ["consent_required", "subject_find"], []
        for name, field in self.activity._fields.items():
            own = field.store and not field.readonly and name not in MAGIC_COLUMNS
            if not own or field.type == "one2many" or name in ("uuid", *names):
                continue
            old = self.activity[name]
            if name in special:
                value = special[name]
            elif field.type in ("char", "text", "html"):
                value = "Other"
            elif field.type in ("boolean", "integer"):
                value = old + 1 if field.type == "integer" else not old
            elif field.type == "selection":
                value = field.get_values(self.env)[-1]
            else:
                domain = [("id", "not in", [*old.ids, self.activity.id])]
                others = self.env[field.comodel_name].search(domain, limit=1)
                single = field.type == "many2one"
                value = others.id if single else [(6, 0, others.ids)]
            self.activity.write({name: value})
            names.append(name)
            if self.activity[name] == old:
                unchanged.append(name)
        # There is no other activity to ask with.
        self.assertEqual(unchanged, ["ask_with_id"])

    def test_file_does_not_follow_the_activity(self):
        before = self.get(self.path("receipt") + "&as=jsonld")
        self.assertEqual(before.headers["Content-Type"], "application/ld+json")
        self.assertIn("receipt.jsonld", before.headers["Content-Disposition"])
        self.change_activity()
        self.activity.controller_id.name = "Other"
        after = self.get(self.path("receipt") + "&as=jsonld")
        self.assertEqual(before.content, after.content)
        receipt = json.loads(after.content)
        self.assertEqual(receipt["@type"], "dpv:ConsentReceipt")
        (record,) = receipt["dpv:hasRecordOfActivity"]
        self.assertEqual(record["dpv:hasNotice"]["dct:title"], "Newsletter")
        self.assertEqual(len(record["dpv:hasConsentStatus"]), 3)
        page = self.get(self.path("receipt"))
        self.assertIn("One mail a month.", page.text)
        self.assertNotIn("Other", page.text)
        press(self.consent, True)
        self.assertNotEqual(
            self.get(self.path("receipt") + "&as=jsonld").content, after.content
        )

    def test_all_the_proof(self):
        page = self.get(self.path("receipt"))
        jsonld, pack = self.files_of_receipt(page)
        self.assertEqual(self.get(jsonld).status_code, 200)
        response = self.get(pack)
        self.assertEqual(response.headers["Content-Type"], "application/zip")
        files = self.files(response.content)
        code, said = self.verify(files)
        self.assertEqual(code, 0, said)
        self.assertNotIn(b"Mitchell", b"".join(files.values()))

    def test_no_personal_link_in_files(self):
        for end in ("&as=jsonld", "&as=pack"):
            content = self.get(self.path("receipt") + end).content
            files = [content] if end == "&as=jsonld" else self.files(content).values()
            for one in _tokens(self.consent):
                self.assertNotIn(one.encode(), b"".join(files))

    def test_nothing_answered(self):
        luc = self.consent_of(self.luc)
        for word in ("accept", "preferences"):
            self.assertEqual(self.receipt_links(self.get(self.path(word, luc))), [])
        with mute_logger("odoo.http"):
            self.assertEqual(self.get(self.path("receipt", luc)).status_code, 404)

    def test_preference_page(self):
        other = self.activity.copy({"name": "Profiles", "consent_required": "auto"})
        self.generate(other)
        self.run_queue()
        second = self.consent_of(self.ann, other)
        press(second, False)
        (link,) = self.receipt_links(self.get(self.path("preferences")))
        page = self.get(link)
        self.assertIn("Newsletter", page.text)
        self.assertIn("Profiles", page.text)
        jsonld, pack = self.files_of_receipt(page)
        receipt = self.get(jsonld).json()
        self.assertEqual(len(receipt["dpv:hasRecordOfActivity"]), 2)
        uuids = {
            line["event"]["consent_uuid"]
            for line in self.events(self.files(self.get(pack).content))
        }
        self.assertEqual(uuids, {self.consent.uuid, second.uuid})

    def test_without_a_text(self):
        """What somebody said on paper has a name, though nobody knows the text."""
        forms = self.activity.copy({"name": "Forms", "consent_required": "manual"})
        self.generate(forms)
        self.consent_of(self.ann, forms).with_user(self.manager)._record_answer(
            True, proof.by_hand(self.manager, "paper")
        )
        page = self.get(self.path("receipts"))
        self.assertIn("The text that was shown is not known.", page.text)
        self.assertIn("Forms", page.text)

    def test_link_to_a_former_address(self):
        asked_at(self.consent, "old@example.com")
        token = self.consent._token("old@example.com")
        for word in ("receipt", "receipts"):
            for end in ("", "&as=jsonld", "&as=pack"):
                response = self.get(self.consent._link_path(word, token) + end)
                self.assertIn("went to an address", response.text)
                self.assertNotIn("Receipt", response.text)
        page = self.get(self.consent._link_path("accept", token))
        self.assertEqual(self.receipt_links(page), [])

    def test_in_the_account(self):
        self.env["res.users"].search([("login", "=", "ann")]).unlink()
        user = new_test_user(self.env, "ann", groups="base.group_portal")
        stranger = new_test_user(self.env, "eve", groups="base.group_portal")
        user.partner_id.write(
            {"email": "own@example.com", "category_id": [(6, 0, self.marker.ids)]}
        )
        self.generate()
        self.run_queue()
        own = self.consent_of(user.partner_id)
        press(own, True)
        self.authenticate("ann", "ann")
        response = self.get("/my/privacy/receipt")
        self.assertEqual(response.status_code, 200)
        receipt = self.get("/my/privacy/receipt?as=jsonld").json()
        (record,) = receipt["dpv:hasRecordOfActivity"]
        self.assertEqual(record["dct:identifier"], own.uuid)
        if "privacy_consent_portal" in self.registry._init_modules:
            (link,) = self.receipt_links(self.get("/my/privacy"))
            self.assertEqual(local(link), "/my/privacy/receipt")
        self.authenticate(stranger.login, stranger.login)
        with mute_logger("odoo.http"):
            self.assertEqual(self.get("/my/privacy/receipt").status_code, 404)

    def test_language(self):
        response = self.get(self.path("receipt") + "&lang=fr_FR")
        self.assertEqual(html.fromstring(response.content).get("lang"), "fr-FR")

    def test_merged(self):
        """The answers of a merged contact are on the receipt, with their own text."""
        twin = self._create_subject("Ann", "ann2@example.com", lang="en_US")
        self.generate()
        self.run_queue()
        press(self.consent_of(twin), True)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (twin + self.ann).ids, self.ann
        )
        self.env.flush_all()
        survivor = self.consent._surviving()
        receipt = self.get(self.path("receipt", survivor) + "&as=jsonld").json()
        self.assertEqual(len(receipt["dpv:hasRecordOfActivity"]), 2)

    def test_staff_is_not_named(self):
        self.consent.with_user(self.manager)._record_answer(
            True, proof.by_hand(self.manager, "paper", note="Mitchell saw it")
        )
        content = self.get(self.path("receipt") + "&as=jsonld").text
        self.assertNotIn("Mitchell", content)
        self.assertIn('"dpv:DataController"', content)
