# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a person was asked stays: the message, the mail and the files."""

import base64
import logging

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.guard import erasing
from .common import ConsentCase


class RequestGuardCase(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = new_test_user(
            cls.env,
            "administrator",
            groups="base.group_system,privacy.group_data_protection_manager",
            email="administrator@example.com",
        )
        cls.file = cls.env["ir.attachment"].create(
            {
                "name": "terms.txt",
                "raw": b"first terms",
                "res_model": "mail.template",
                "res_id": cls.template.id,
            }
        )
        cls.template.attachment_ids = cls.file

    def people(self):
        """:return: environments of people, some with more rights than they have"""
        manager = self.env(user=self.manager, su=False)
        administrator = self.env(user=self.administrator, su=False)
        return {
            "manager": manager,
            "administrator": administrator,
            "sudo": manager(su=True),
        }

    def ask(self):
        """Ask Ann automatically.

        :return: the request
        """
        self.generate()
        return self.consent_of(self.ann).request_ids

    def compose(self, consent=None):
        """Ask Ann by hand, as the manager. What waits has to leave before.

        :return: the request
        """
        self.run_queue()
        consent = (consent or self.consent_of(self.ann)).with_user(self.manager)
        composer = self.env["mail.compose.message"].with_user(self.manager)
        action = consent.action_manual_ask()
        Form(composer.with_context(**action["context"])).save().action_send_mail()
        self.env.flush_all()
        return self.env["privacy.consent.request"].search([], limit=1)

    def contents(self, request):
        """:return: all that somebody was asked, as it is stored"""
        self.env.invalidate_all()
        message = request.message_id
        return (
            message.read(
                [
                    "attachment_ids",
                    "author_id",
                    "body",
                    "date",
                    "email_from",
                    "model",
                    "res_id",
                    "subject",
                    "subtype_id",
                ]
            ),
            message.attachment_ids.read(
                ["name", "raw", "mimetype", "res_model", "res_id"]
            ),
            request.mail_id.read(["body_html"]),
        )

    def assert_stays(self, request, change, who, error=UserError):
        """Check that a change is refused and changes nothing.

        :param change: a function
        :param str who: tries it
        """
        before = self.contents(request)
        with self.subTest(who=who):
            with self.assertRaises(error), self.env.cr.savepoint():
                change()
                self.env.flush_all()
            self.assertEqual(self.contents(request), before)


class TestRequestMessage(RequestGuardCase):
    def changes(self, message):
        other = self.consent_of(self.luc)
        return {
            "body": "<p>Do you like cake?</p>",
            "subject": "Cake",
            "author_id": self.luc.id,
            "email_from": "luc@example.com",
            "date": self.later(days=-1),
            "res_id": other.id,
            "model": "res.partner",
            "subtype_id": self.env.ref("mail.mt_note").id,
            "attachment_ids": [Command.clear()],
        }

    def test_code_tells_nothing_of_a_delivery(self):
        request = self.ask()
        mail_sudo = request.mail_id.sudo()
        mail_sudo.cancel()
        forged = {"state": "delivered", "delivered_date": request.create_date}
        key = (request.activity_id.id, self.ann.lang)
        mail_sudo._make_consent_requests(texts={key: forged})
        self.assertEqual(
            mail_sudo.consent_request_ids.mapped("state"), ["cancelled", "cancelled"]
        )

    def test_nobody_edits_the_message(self):
        requests = [self.ask(), self.compose()]
        self.run_queue()
        for request in requests:
            for who, env in self.people().items():
                message = request.message_id.with_env(env)
                for name, value in self.changes(message).items():
                    self.assert_stays(
                        request,
                        lambda m=message, n=name, v=value: m.write({n: v}),
                        f"{who}: {name}",
                    )
            root = request.message_id.with_user(SUPERUSER_ID)
            for name, value in self.changes(root).items():
                self.assert_stays(
                    request, lambda m=root, n=name, v=value: m.write({n: v}), name
                )

    def test_commands_for_files(self):
        request = self.ask()
        message = request.message_id
        sent = message.attachment_ids
        other = self.file.copy()
        for command in (
            Command.create({"name": "more.txt", "raw": b"more"}),
            Command.update(sent.id, {"raw": b"other terms"}),
            Command.delete(sent.id),
            Command.unlink(sent.id),
            Command.link(other.id),
            Command.clear(),
            Command.set(other.ids),
        ):
            self.assert_stays(
                request,
                lambda command=command: message.write({"attachment_ids": [command]}),
                command,
            )
        for commands in (
            [Command.link(sent.id)],
            [Command.set(sent.ids)],
            [Command.unlink(other.id)],
            [Command.update(sent.id, {"raw": b"first terms"})],
        ):
            message.attachment_ids = commands
            self.assertEqual(message.attachment_ids, sent)

    def test_same_values_and_the_rest_are_odoos(self):
        message = self.ask().message_id.with_user(self.manager)
        values = message.read(["body", "subject", "date", "model", "res_id"])[0]
        del values["id"], values["model"], values["res_id"]
        message.write(values)
        message.toggle_message_starred()
        message.pinned_at = self.later()
        self.assertTrue(message.starred)

    def test_nobody_deletes_the_message(self):
        requests = [self.ask(), self.compose()]
        self.run_queue()
        note = self.consent_of(self.ann).message_post(body="a note")
        for request in requests:
            for who, env in self.people().items():
                messages = (note + request.message_id).with_env(env)
                self.assert_stays(request, messages.unlink, who)
        self.assertTrue(note.exists(), "it is refused as a whole")
        note.with_user(self.manager).unlink()
        self.assertFalse(note.exists())

    def test_by_way_of_the_consent(self):
        request = self.ask()
        message = request.message_id
        for who, env in self.people().items():
            consent = request.consent_id.with_env(env)
            for command in (
                Command.delete(message.id),
                Command.unlink(message.id),
                Command.update(message.id, {"body": "cake"}),
                Command.set([]),
                Command.clear(),
            ):
                self.assert_stays(
                    request,
                    lambda command=command, consent=consent: consent.write(
                        {"message_ids": [command]}
                    ),
                    f"{who}: {command}",
                )

    def test_housekeeping_passes_over_requests(self):
        request = self.ask()
        note = self.consent_of(self.ann).message_post(body="a note")
        before = self.contents(request)
        messages = self.env["mail.message"].with_user(SUPERUSER_ID)
        with self.assertLogs("odoo.addons.privacy_consent", logging.INFO) as log:
            messages.browse((note + request.message_id).ids).unlink()
        self.assertIn("1 records of mail.message", log.output[0])
        self.assertNotIn("Ann", log.output[0])
        self.assertFalse(note.exists())
        self.assertEqual(self.contents(request), before)

    def test_draft_goes_with_its_request(self):
        request = self.ask()
        message, mail, files = (
            request.message_id,
            request.mail_id,
            request.message_id.attachment_ids,
        )
        other = self.consent_of(self.luc).request_ids
        self.assertEqual(other.message_id.attachment_ids, files, "they share it")
        request.consent_id.with_user(self.manager).unlink()
        self.assertFalse(request.exists() or message.exists() or mail.exists())
        self.assertTrue(files.exists(), "the other request has it")
        self.assertEqual(files.res_id, other.id)
        other.consent_id.with_user(self.manager).unlink()
        self.assertFalse(files.exists(), "nobody has it any more")

    def test_erasure_goes_past(self):
        request = self.compose(self.ask().consent_id)
        self.run_queue()
        consent, message = request.consent_id, request.message_id
        files = message.attachment_ids
        with erasing(consent, message, files, consent.message_ids):
            consent.with_user(self.manager).message_ids.body = "erased"
            files.unlink()
            consent.message_ids.tracking_value_ids.unlink()
            consent.request_ids.unlink()
            message.unlink()
        self.assertFalse(message.exists() or files.exists() or request.exists())

    def test_contacts_can_be_merged(self):
        self.ask()
        self.run_queue()
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.ann + self.luc).ids, self.ann
        )
        self.assertFalse(self.luc.exists())

    def test_requests_cannot_be_taken_off_their_messages(self):
        request = self.ask()
        other = self.consent_of(self.luc).request_ids
        self.run_queue()
        for name, value in (
            ("message_id", False),
            ("message_id", other.message_id.id),
            ("mail_id", False),
            ("consent_id", other.consent_id.id),
            ("address", "cake@example.com"),
            ("delivered_date", False),
            ("uuid", other.uuid),
            ("text_id", False),
        ):
            with self.subTest(name), self.assertRaises(UserError):
                request.write({name: value})
        for one in (request, request.with_context(_force_unlink=True)):
            with self.assertRaises(UserError):
                one.unlink()

    def test_other_messages_cost_no_query(self):
        """The figures are Odoo's own, without this addon."""
        message = self.ann.message_post(body="hello")
        self.env.flush_all()
        with self.assertQueryCount(1):
            message.write({"body": "bye", "subject": "x", "date": self.later()})
            message.flush_recordset()
        for other in (message, self.ask().message_id):
            self.env.invalidate_all()
            with self.assertQueryCount(1):
                other.write({"pinned_at": self.later()})
                other.flush_recordset()


class TestEvents(RequestGuardCase):
    """Subtypes that say what happened to a consent are Odoo's."""

    def setUp(self):
        super().setUp()
        self.consent = self.ask().consent_id
        self.subtypes = [
            self.env.ref(f"privacy_consent.mt_consent_{name}")
            for name in ("consent_new", "acceptance_changed", "state_changed")
        ]
        self.employee = new_test_user(self.env, "employee", email="e@example.com")

    def test_nobody_posts_them(self):
        values = {"model": "privacy.consent", "res_id": self.consent.id}
        for user in (self.employee, self.manager, self.administrator):
            messages = self.env["mail.message"].with_user(user)
            for subtype in self.subtypes:
                own = {"message_type": "user_notification", "body": "yes"}
                for context, given in (
                    ({}, {**values, "subtype_id": subtype.id}),
                    ({"default_subtype_id": subtype.id}, values),
                    (
                        {f"default_{name}": values[name] for name in values},
                        {"subtype_id": subtype.id},
                    ),
                ):
                    with self.subTest(user=user.login), self.assertRaises(AccessError):
                        messages.with_context(**context).create({**own, **given})
                with self.assertRaises(AccessError):
                    self.consent.with_user(user).message_post(
                        body="yes", subtype_id=subtype.id
                    )

    def test_nobody_turns_a_message_into_one(self):
        note = self.consent.with_user(self.manager).message_post(body="yes")
        for subtype in self.subtypes:
            with self.assertRaises(AccessError):
                note.subtype_id = subtype
        note.subtype_id = self.env.ref("mail.mt_comment")

    def test_odoo_itself_tells_followers(self):
        """It does so with the rights of whoever records the answer."""
        changed = self.subtypes[2]
        self.consent.message_subscribe(self.reader.partner_id.ids, changed.ids)
        self.consent.with_user(self.manager).action_answer(True)
        message = self.consent.message_ids[0]
        self.assertEqual(message.subtype_id, changed)
        self.assertEqual(message.author_id, self.manager.partner_id)
        self.assertEqual(message.notified_partner_ids, self.reader.partner_id)

    def test_tracking_with_a_model_from_the_context(self):
        field = self.env["ir.model.fields"]._get("privacy.consent", "accepted")
        command = Command.create({"field_id": field.id, "new_value_integer": 1})
        context = {
            "default_model": "privacy.consent",
            "default_res_id": self.consent.id,
        }
        messages = self.env["mail.message"].with_user(self.manager)
        with self.assertRaises(AccessError):
            messages.with_context(**context).create({"tracking_value_ids": [command]})
        with self.assertRaises(AccessError):
            messages.with_context(
                **context, default_tracking_value_ids=[command]
            ).create({"body": "yes"})


class TestRequestMail(RequestGuardCase):
    def test_nobody_deletes_a_sent_request(self):
        request = self.ask()
        self.run_queue()
        self.assertEqual(request.mail_id.state, "sent")
        people = self.people()
        for who in ("administrator", "sudo"):
            mail = request.mail_id.with_env(people[who])
            self.assert_stays(request, mail.unlink, who)

    def test_nobody_edits_a_request(self):
        request = self.ask()
        people = self.people()
        other = self.consent_of(self.luc).request_ids
        for who in ("administrator", "sudo"):
            mail = request.mail_id.with_env(people[who])
            for name, value in (
                ("body_html", "<p>cake</p>"),
                ("body", "<p>cake</p>"),
                ("subject", "cake"),
                ("is_notification", True),
                ("mail_message_id", other.message_id.id),
                ("attachment_ids", [Command.clear()]),
            ):
                self.assert_stays(
                    request,
                    lambda m=mail, n=name, v=value: m.write({n: v}),
                    f"{who}: {name}",
                )
            mail.write(
                {
                    "state": "exception",
                    "failure_reason": "no such user",
                    "body_html": mail.body_html,
                }
            )
            mail.action_retry()
        self.assertEqual(len(self.run_queue()), 2)

    def test_housekeeping_passes_over_requests(self):
        request = self.ask()
        mails = request.mail_id + self.env["mail.mail"].create({"body_html": "hi"})
        before = self.contents(request)
        with self.assertLogs("odoo.addons.privacy_consent", logging.INFO):
            mails.with_user(SUPERUSER_ID).unlink()
        self.assertEqual(mails.exists(), request.mail_id)
        self.assertEqual(self.contents(request), before)

    def test_copy_that_the_queue_deletes(self):
        """Odoo deletes the mails of a message that lives on in the thread."""
        self.ask()
        request = self.compose()
        self.assertTrue(request.mail_id.is_notification)
        mail = request.mail_id
        mail.auto_delete = True
        self.run_queue()
        self.assertFalse(mail.exists())
        self.assertTrue(request.message_id.exists())
        self.assertEqual(request.state, "delivered")

    def test_request_that_shall_be_deleted_after_sending(self):
        """Who sends it by a button gets no error after it left."""
        request = self.ask()
        request.mail_id.auto_delete = True
        mail = request.mail_id.with_user(self.administrator)
        with self.mock_smtplib_connection():
            mail.send()
        self.assertEqual(mail.state, "sent")
        self.assertTrue(request.message_id.exists())

    def test_mail_of_somebody_else(self):
        mail = self.env["mail.mail"].create({"body_html": "hi"})
        mail.with_user(self.administrator).body_html = "bye"
        mail.with_env(self.people()["sudo"]).unlink()
        self.assertFalse(mail.exists())


class TestRequestFiles(RequestGuardCase):
    def test_copied_once_for_all(self):
        self.generate()
        requests = self.activity.consent_ids.request_ids
        self.assertEqual(len(requests), 2)
        copy = requests.message_id.attachment_ids
        self.assertEqual(len(copy), 1)
        self.assertNotEqual(copy, self.file)
        self.assertEqual(copy.raw, b"first terms")
        self.assertEqual(copy.res_model, "privacy.consent.request")
        self.assertEqual(self.file.res_model, "mail.template")
        self._create_subject("Eve", "eve@example.com")
        self.generate()
        requests = self.activity.consent_ids.request_ids
        self.assertEqual(len(requests), 3)
        self.assertEqual(requests.message_id.attachment_ids, copy)
        self.assertEqual(self.template.attachment_ids, self.file)

    def test_readers_open_it(self):
        copy = self.ask().message_id.attachment_ids
        self.env.invalidate_all()
        self.assertEqual(copy.with_user(self.reader).raw, b"first terms")
        employee = new_test_user(self.env, "employee", email="e@example.com")
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            copy.with_user(employee).read(["raw"])

    def test_contacts_of_another_company_have_their_own(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.luc.company_id = company
        self.generate()
        self.env["privacy.consent"].create(
            {"partner_id": self.luc.id, "activity_id": self.activity.id}
        ).action_auto_ask()
        first, second = (
            self.consent_of(subject).request_ids.message_id.attachment_ids
            for subject in (self.ann, self.luc)
        )
        self.assertEqual(first.raw, second.raw)
        self.assertNotEqual(first, second)

    def test_template_file_replaced_and_removed(self):
        requests = self.ask()
        requests |= self.compose()
        before = [self.contents(request) for request in requests]
        self.file.raw = b"second terms"
        self.assertEqual([self.contents(request) for request in requests], before)
        self._create_subject("Eve", "eve@example.com")
        self.generate()
        later = self.activity.consent_ids.request_ids - requests
        contents = later.message_id.attachment_ids.mapped("raw")
        self.assertEqual(sorted(contents), [b"first terms", b"second terms"])
        self.template.attachment_ids.unlink()
        self.assertEqual([self.contents(request) for request in requests], before)
        mails = [mail for mail in self.run_queue() if mail.to == ["ann@example.com"]]
        for mail in mails:
            self.assertIn(base64.b64encode(b"first terms"), bytes(mail.message))

    def test_posted_with_the_file_of_the_template(self):
        consent = self.ask().consent_id
        self.run_queue()
        message = consent.with_user(self.manager).message_post(
            body=self.template.body_html,
            partner_ids=self.ann.ids,
            attachment_ids=self.file.ids,
            subtype_xmlid="mail.mt_comment",
        )
        self.assertTrue(consent.request_ids.filtered(lambda r: r.message_id == message))
        self.assertNotEqual(message.attachment_ids, self.file)
        self.assertEqual(message.attachment_ids.raw, b"first terms")

    def test_nobody_changes_it(self):
        requests = [self.ask(), self.compose()]
        self.run_queue()
        for request in requests:
            for who, env in self.people().items():
                file = request.message_id.attachment_ids.with_env(env)
                for name, value in (
                    ("raw", b"other"),
                    ("datas", base64.b64encode(b"other")),
                    ("db_datas", b"other"),
                    ("mimetype", "text/html"),
                    ("name", "other.txt"),
                    ("res_model", "res.partner"),
                    ("res_id", self.ann.id),
                    ("res_field", "image_1920"),
                    ("type", "url"),
                    ("url", "https://example.com"),
                ):
                    self.assert_stays(
                        request,
                        lambda f=file, n=name, v=value: f.write({n: v}),
                        f"{who}: {name}",
                    )
                self.assert_stays(request, file.unlink, who)

    def test_housekeeping(self):
        request = self.ask()
        other = self.env["ir.attachment"].create({"name": "x", "raw": b"x"})
        files = request.message_id.attachment_ids + other
        with self.assertLogs("odoo.addons.privacy_consent", logging.INFO):
            files.with_user(SUPERUSER_ID).unlink()
        self.assertEqual(files.exists(), request.message_id.attachment_ids)
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "db")
        files.exists()._migrate()
        self.assertTrue(files.exists().db_datas, "the storage may change")
        self.assertEqual(files.exists().raw, b"first terms")

    def test_report_of_a_template(self):
        """Odoo adds reports to mails that exist already."""
        report = self.env["ir.actions.report"].create(
            {
                "name": "Terms",
                "model": "privacy.consent",
                "report_type": "qweb-text",
                "report_name": "privacy_consent.test_report",
            }
        )
        self.env["ir.ui.view"].create(
            {
                "type": "qweb",
                "key": "privacy_consent.test_report",
                "arch": "<t t-name='privacy_consent.test_report'>terms</t>",
            }
        )
        self.template.report_template_ids = report
        request = self.ask()
        files = request.message_id.attachment_ids
        self.assertEqual(len(files), 2)
        made = files.filtered(lambda file: file.res_model == "privacy.consent")
        self.assertEqual(made.res_id, request.consent_id.id)
        self.assert_stays(request, lambda: made.write({"raw": b"x"}), "report")
        request.consent_id.with_user(self.manager).unlink()
        self.assertFalse(made.exists())

    def test_other_files_cost_no_query(self):
        """The figures are Odoo's own, without this addon."""
        files = self.env["ir.attachment"].create(
            [
                {"name": "x", "raw": b"x", "res_model": "res.partner", "res_id": 1}
                for _count in range(2)
            ]
        )
        copy = self.ask().message_id.attachment_ids
        self.env.flush_all()
        with self.assertQueryCount(1):
            files[0].name = "y"
            files[0].flush_recordset()
        self.env.invalidate_all()
        with self.assertQueryCount(1):
            copy.description = "terms"
            copy.flush_recordset()


@tagged("-at_install", "post_install")
class TestRequestGuardRoutes(RequestGuardCase, HttpCase):
    def test_author_of_a_composer_request(self):
        self.ask()
        request = self.compose()
        note = request.consent_id.with_user(self.manager).message_post(
            body="note", message_type="comment"
        )
        self.manager.password = "manager-password"
        self.authenticate("manager", "manager-password")
        for update in (
            {"body": "cake", "attachment_ids": request.message_id.attachment_ids.ids},
            {"body": "", "attachment_ids": []},
            {"body": "", "attachment_ids": None},
        ):
            with mute_logger("odoo.http"):
                self.assert_stays(
                    request,
                    lambda update=update: self.make_jsonrpc_request(
                        "/mail/message/update_content",
                        {"message_id": request.message_id.id, "update_data": update},
                    ),
                    update,
                    JsonRpcException,
                )
        self.make_jsonrpc_request(
            "/mail/message/update_content",
            {
                "message_id": note.id,
                "update_data": {"body": "other note", "attachment_ids": []},
            },
        )
        self.env.invalidate_all()
        self.assertIn("other note", note.body)

    def test_file_deleted_in_the_thread(self):
        self.ask()
        request = self.compose()
        self.manager.password = "manager-password"
        self.authenticate("manager", "manager-password")
        file = request.message_id.attachment_ids
        with mute_logger("odoo.http"):
            self.assert_stays(
                request,
                lambda: self.make_jsonrpc_request(
                    "/mail/attachment/delete", {"attachment_id": file.id}
                ),
                "manager",
                JsonRpcException,
            )
