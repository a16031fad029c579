# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo's own import brings answers, of which each is an event."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open
from odoo.tools.misc import mute_logger

from .answers import press
from .common import ConsentCase

COLUMNS = (
    "partner_id",
    "activity_id",
    "accepted",
    "answer_date",
    "answer_channel",
    "answer_note",
)
OPTIONS = {
    "has_headers": True,
    "quoting": '"',
    "separator": ",",
    "encoding": "utf-8",
    "date_format": "",
    "datetime_format": "",
}
SIGNED = fields.Datetime.to_datetime("2026-03-05 10:00:00")


@tagged("post_install", "-at_install")
class TestImport(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager.tz = "UTC"
        cls.manual = cls.activity.copy(
            {"name": "By hand", "consent_required": "manual"}
        )

    def import_file(self, content, dryrun=False, user=None, columns=COLUMNS, **options):
        """Import a file as Odoo's import screen does.

        :return: the messages of type *error*
        """
        wizard = (
            self.env["base_import.import"]
            .with_user(user or self.manager)
            .create(
                {
                    "res_model": "privacy.consent",
                    "file": content,
                    "file_type": "text/csv",
                    "file_name": "answers.csv",
                }
            )
        )
        wizard = wizard.with_context(tracking_disable=True, lang=wizard.env.user.lang)
        result = wizard.execute_import(
            [*columns], [*columns], {**OPTIONS, **options}, dryrun=dryrun
        )
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(
            [one for one in result["messages"] if one["type"] != "error"], []
        )
        self.wrong_rows = [
            one.get("rows", {}).get("from") for one in result["messages"]
        ]
        return [one["message"] for one in result["messages"]]

    def rows(self, *rows, **options):
        lines = [",".join(COLUMNS), *(",".join(row) for row in rows)]
        return self.import_file("\n".join(lines).encode(), **options)

    def answers(self, partner, activity=None):
        """:return: kind, speaker, channel, moment and note of each, oldest first"""
        return [
            (one.kind, one.by, one.channel, one.answered_at, one.note)
            for one in self.consent_of(partner, activity)
            .event_ids.filtered("answered_at")
            .sorted("id")
        ]

    def test_templates(self):
        self.env["mail.mail"].search([]).unlink()
        templates = (
            self.env["privacy.consent"].with_user(self.manager).get_import_templates()
        )
        self.assertEqual(len(templates), 2)
        for template in templates:
            path = template["template"].lstrip("/")
            with self.subTest(path), file_open(path, "rb") as file:
                content = file.read()
                before = self.answers(self.ann)
                self.assertEqual(self.import_file(content, dryrun=True), [])
                self.assertEqual(self.answers(self.ann), before, "only tried")
                self.assertEqual(self.import_file(content), [])
                self.assertEqual(
                    self.answers(self.ann),
                    [("given", "staff", "paper", SIGNED, "Form signed at the fair")],
                )
                self.assertEqual(self.consent_of(self.luc).status, "refused")
                self.assertEqual(
                    self.consent_of(self.luc).answer_date,
                    fields.Datetime.to_datetime("2026-03-06"),
                )
        self.assertFalse(self.env["mail.mail"].search([]), "nobody is mailed")
        wizard = self.env["base_import.import"].create(
            {"res_model": "privacy.consent", "file": content, "file_name": "a.xlsx"}
        )
        matches = wizard.parse_preview({**OPTIONS, "has_headers": True})["matches"]
        self.assertEqual([matches[i] for i in sorted(matches)], [[c] for c in COLUMNS])

    def test_import_twice(self):
        rows = [
            ("ann@example.com", "Newsletter", "yes", "2026-03-05 10:00:00", "", "x"),
            ("luc@example.com", "Newsletter", "no", "", "phone", ""),
            ("Mute", "Newsletter", "yes", "", "", ""),
        ]
        for _time in range(2):
            self.assertEqual(self.rows(*rows), [])
            self.assertEqual(
                self.answers(self.ann), [("given", "staff", "import", SIGNED, "x")]
            )
            [luc] = self.answers(self.luc)
            self.assertEqual(luc[:3], ("refused", "staff", "phone"))
            self.assertEqual(len(self.answers(self.mute)), 1)

    def test_again_after_a_later_word(self):
        """A row without a date is known again, whatever the person said since."""
        undated = [
            ("ann@example.com", "Newsletter", "yes", "", "", ""),
            ("luc@example.com", "Newsletter", "yes", "", "phone", "x"),
            ("Mute", "Newsletter", "yes", "", "", ""),
            ("Mute", "Newsletter", "no", "", "", ""),
        ]
        self.assertEqual(self.rows(*undated), [])
        for one in self.ann + self.luc:
            press(self.consent_of(one), False)
        mute = self.consent_of(self.mute)
        self.assertEqual(mute.status, "withdrawn")
        for _time in range(2):
            self.assertEqual(self.rows(*undated), [])
            for one in self.ann + self.luc:
                self.assertEqual(
                    [answer[0] for answer in self.answers(one)], ["given", "withdrawn"]
                )
                self.assertEqual(self.consent_of(one).status, "withdrawn")
            self.assertEqual(len(self.answers(self.mute)), 2)
        for other in ("by phone", ""), ("", "another note"):
            rows = [("ann@example.com", "Newsletter", "yes", "", *other)]
            self.assertEqual(self.rows(*rows), [])
            self.assertEqual(self.consent_of(self.ann).status, "given", "it says more")
            press(self.consent_of(self.ann), False)
        row = ("ann@example.com", "Newsletter", "yes")
        self.rows((*row, "2026-03-05", "phone", "y"))
        self.assertEqual(self.consent_of(self.ann).status, "withdrawn")
        self.rows((*row, "", "phone", "y"))
        self.assertEqual(self.consent_of(self.ann).status, "given", "said anew")

    def test_again_after_contacts_were_merged(self):
        twin = self._create_subject("Twin", "twin@example.com")
        self.rows(("twin@example.com", "Newsletter", "yes", "", "", "as a twin"))
        self.rows(("ann@example.com", "Newsletter", "yes", "", "", ""))
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (twin + self.ann).ids, self.ann
        )
        self.env.flush_all()
        [consent] = self.consent_of(self.ann).filtered(
            lambda one: not one.merged_into_id
        )
        press(consent, False)
        self.rows(("ann@example.com", "Newsletter", "yes", "", "", "as a twin"))
        self.assertEqual(consent.status, "withdrawn")
        other = self.consent_of(self.ann) - consent
        other.with_user(self.manager).action_answer(True)
        self.assertFalse(other.active, "another one counts instead")

    def test_archived_consents(self):
        """A yes takes its consent out of the archive, as by hand."""
        consents = self.generate()
        consents.active = False
        self.env["privacy.consent"].flush_model()
        self.assertEqual(
            self.rows(
                ("ann@example.com", "Newsletter", "yes", "", "", ""),
                ("luc@example.com", "Newsletter", "no", "", "", ""),
            ),
            [],
        )
        ann, luc = self.consent_of(self.ann), self.consent_of(self.luc)
        self.assertEqual((ann.active, luc.active), (True, False))
        self.assertTrue(self.ann._has_consent(self.activity))
        ann.active = False
        rows = [("ann@example.com", "Newsletter", "yes", "2026-03-05", "", "")]
        self.assertEqual(self.rows(*rows), [])
        self.assertEqual(len(self.answers(self.ann)), 2)
        self.assertFalse(ann.active, "it does not count")

    def test_locked_consents(self):
        consents = self.generate()
        ann = consents.filtered(lambda one: one.partner_id == self.ann)
        press(ann, False)
        ann._lock_proof(fields.Date.to_date("2099-01-01"), "A claim")
        other = ("luc@example.com", "Newsletter", "yes", "", "", "")
        for date in ("", "2026-03-05"):
            with mute_logger("odoo.sql_db"):
                errors = self.rows(
                    other, ("ann@example.com", "Newsletter", "yes", date, "", "")
                )
            self.assertIn("locked until 2099-01-01", "".join(errors))
        self.assertFalse(self.answers(self.luc), "all or nothing")
        self.assertEqual(
            self.rows(("ann@example.com", "Newsletter", "no", "", "paper", "")), []
        )
        self.assertEqual(len(self.answers(self.ann)), 2, "a no is always heard")

    def test_followers_are_not_mailed(self):
        consents = self.generate()
        state_changed = self.env.ref("privacy_consent.mt_consent_state_changed")
        self.reader.notification_type = "email"
        consents.message_subscribe(self.reader.partner_id.ids, state_changed.ids)
        self.assertEqual(
            self.rows(
                *((one, "Newsletter", "yes", "", "", "") for one in ("Ann", "Luc"))
            ),
            [],
        )
        for consent in consents:
            self.assertIn(state_changed, consent.message_ids.subtype_id)
        mails = self.env["mail.mail"].search([])
        self.assertEqual(mails.mapped("state"), ["cancel"] * 2, "the requests alone")
        self.assertFalse(consents.message_ids.notification_ids)

    def test_other_time_zones(self):
        """The file is in the time of whoever imports it."""
        self.manager.tz = "Europe/Paris"
        rows = [("ann@example.com", "Newsletter", "yes", "2026-03-05 10:00:00", "", "")]
        for _time in range(2):
            self.assertEqual(self.rows(*rows), [])
            [answer] = self.answers(self.ann)
            self.assertEqual(answer[3], SIGNED - timedelta(hours=1))

    def test_translated_names(self):
        self.activity.with_context(lang="fr_FR").name = "Lettre"
        self.manager.lang = "fr_FR"
        channel = self.env["privacy.consent.event"].with_context(lang="fr_FR")
        channel = channel._channels()["phone"]
        rows = [("ann@example.com", "Lettre", "oui", "", channel, "")]
        self.assertEqual(self.rows(*rows), [])
        [answer] = self.answers(self.ann)
        self.assertEqual(answer[:3], ("given", "staff", "phone"))

    def test_a_second_row_adds_to_the_consent(self):
        press(self.generate().filtered(lambda one: one.partner_id == self.luc), True)
        self.assertEqual(
            self.rows(
                ("ann@example.com", "Newsletter", "no", "2026-03-05", "", ""),
                ("ann@example.com", "Newsletter", "yes", "2026-03-04", "", ""),
                ("ann@example.com", "Newsletter", "yes", "2026-03-06", "", ""),
                ("luc@example.com", "Newsletter", "no", "2026-03-05", "On paper", ""),
            ),
            [],
        )
        self.assertEqual(
            [one[0] for one in self.answers(self.ann)], ["refused", "given", "given"]
        )
        consent = self.consent_of(self.ann)
        self.assertEqual(consent.status, "given")
        self.assertEqual(consent.answer_date, fields.Datetime.to_datetime("2026-03-06"))
        self.assertEqual(
            set(consent.request_ids.mapped("state")),
            {"cancelled"},
            "not asked any more",
        )
        earlier = self.answers(self.luc)[-1]
        self.assertEqual(earlier[:3], ("refused", "staff", "paper"))
        self.assertEqual(self.consent_of(self.luc).status, "given", "their later word")

    def test_ids(self):
        self.env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": "ann",
                "model": "res.partner",
                "res_id": self.ann.id,
            }
        )
        columns = ["partner_id/id", "activity_id/.id", "accepted"]
        self.assertEqual(
            self.import_file(
                f"a,b,c\n__import__.ann,{self.manual.id},yes\n".encode(),
                columns=columns,
            ),
            [],
        )
        self.assertEqual(self.consent_of(self.ann, self.manual).status, "given")

    def test_errors(self):
        self._create_subject("Ann", "other@example.com")
        self._create_subject("Twin", "ANN@example.com")
        for _time in range(2):
            self._create_subject("name@example.com", False)
        self._create_subject("Gone", "gone@example.com", active=False)
        self.manual.write({"name": "Over", "active": False})
        later = str(fields.Datetime.now() + timedelta(days=1))
        for row, message in {
            ("ann@example.com", "Newsletter", "yes", "", "", ""): "fits several",
            ("Ann", "Newsletter", "yes", "", "", ""): "fits several",
            ("luc@example.com", "Nothing", "yes", "", "", ""): "No matching record",
            ("x@example.com", "Newsletter", "yes", "", "", ""): "No matching record",
            ("luc@example.com", "Newsletter", "yes", later, "", ""): "in the future",
            ("luc@example.com", "Newsletter", "", "", "", ""): "Unknown value",
            ("luc@example.com", "Newsletter", "maybe", "", "", ""): "Unknown value",
            ("luc@example.com", "Newsletter", "yes", "then", "", ""): "then",
            ("luc@example.com", "Newsletter", "yes", "", "owl", ""): "“owl” is no way",
            ("", "Newsletter", "yes", "", "", ""): "Missing required value",
            # Odoo would take the contact who is named so.
            ("name@example.com", "Newsletter", "yes", "", "", ""): "has the address",
            ("gone@example.com", "Newsletter", "yes", "", "", ""): "No matching record",
            ("luc@example.com", "Over", "yes", "", "", ""): "No matching record",
        }.items():
            with self.subTest(row), mute_logger("odoo.sql_db"):
                errors = self.rows(
                    ("Mute", "Newsletter", "yes", "", "", ""),
                    row,
                )
                self.assertTrue(errors)
                self.assertIn(message, errors[0])
                self.assertEqual(len(errors), 1, errors)
                if row[3] != "then":  # what Odoo finds before names its line in words
                    self.assertEqual(self.wrong_rows, [1])
                self.assertFalse(self.consent_of(self.mute), "all or nothing")

    def test_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.luc.company_id = other
        with mute_logger("odoo.sql_db"):
            errors = self.rows(("luc@example.com", "Newsletter", "yes", "", "", ""))
        self.assertIn("No matching record", errors[0])
        columns = ["partner_id/.id", "activity_id", "accepted"]
        with mute_logger("odoo.addons.base.models.ir_rule", "odoo.sql_db"):
            errors = self.import_file(
                f"a,b,c\n{self.luc.id},Newsletter,yes\n".encode(), columns=columns
            )
        self.assertEqual(len(errors), 1)
        self.assertFalse(self.consent_of(self.luc))

    def test_only_managers(self):
        recorder = new_test_user(
            self.env, "recorder", groups="privacy_consent.group_recorder"
        )
        row = ("luc@example.com", "Newsletter", "yes", "", "", "")
        for user in self.reader + recorder:
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.rows(row, user=user)
        self.assertFalse(self.consent_of(self.luc))

    def test_server_action_runs_once_for_each(self):
        self.activity.server_action_id = self.env["ir.actions.server"].create(
            {
                "name": "Count",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": "contact = record.partner_id\n"
                "contact.write({'comment': '%s+' % contact.comment})",
            }
        )
        self.ann.comment = self.luc.comment = "x"
        with self.assert_wakes("privacy_consent.cron_effects"):
            self.rows(
                ("ann@example.com", "Newsletter", "yes", "2026-03-04", "", ""),
                ("ann@example.com", "Newsletter", "no", "2026-03-05", "", ""),
                ("luc@example.com", "Newsletter", "no", "", "", ""),
            )
        consents = self.consent_of(self.ann) + self.consent_of(self.luc)
        self.assertEqual(consents.mapped("action_due"), [True] * 2)
        self.assertEqual(str(self.ann.comment).count("+"), 0)
        self.env["privacy.consent"]._cron_effects()
        for one in self.ann + self.luc:
            self.assertEqual(str(one.comment).count("+"), 1)
        self.assertEqual(consents.mapped("action_due"), [False] * 2)
