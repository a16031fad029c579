# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an administrator sees of the mail queue."""

from ast import literal_eval
from datetime import timedelta
from functools import partial
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import SQL


# The menu has entries of all addons.
@tagged("post_install", "-at_install")
class TestSight(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = fields.Datetime.now()
        cls.mails = cls.env["mail.mail"]
        cls.queued = cls._create("outgoing")
        cls.retrying = cls._create(
            "outgoing",
            queue_attempts=2,
            queue_next_attempt=cls.now + timedelta(minutes=5),
            failure_reason="greylisted",
        )
        cls.old = cls._create("outgoing", age=timedelta(hours=2))
        cls.later = cls._create(
            "outgoing",
            age=timedelta(hours=2),
            scheduled_date=cls.now + timedelta(days=1),
        )
        cls.overdue = cls._create(
            "outgoing",
            age=timedelta(days=2),
            scheduled_date=cls.now - timedelta(hours=3),
        )
        cls.failed = cls._create("exception", queue_attempts=5)
        cls.cancelled = cls._create("cancel", queue_attempts=1)
        cls.sent = cls._create("sent")
        cls.sent_long_ago = cls._create("sent", age=timedelta(days=2))
        cls.received = cls._create("received")
        cls.admin = new_test_user(
            cls.env, "settings", groups="base.group_user,base.group_system", tz="UTC"
        )

    @classmethod
    def _create(cls, state, age=timedelta(), **values):
        with patch.object(cls.env.cr, "now", lambda: cls.now - age):
            mail = cls.env["mail.mail"].create(
                {"email_to": "a@example.com", "state": state, **values}
            )
            cls.env.flush_all()
        cls.mails |= mail
        return mail

    def _search(self, name):
        found = self.mails.with_user(self.admin).search(self._filter(name))
        return found.sudo() & self.mails

    def test_queued(self):
        self.assertEqual(
            self._search("queued"),
            self.queued + self.retrying + self.old + self.later + self.overdue,
        )

    def test_retrying(self):
        self.assertEqual(self._search("retrying"), self.retrying)

    def test_failed(self):
        self.assertEqual(self._search("failed"), self.failed)

    def test_sent_today(self):
        self.assertEqual(self._search("sent_today"), self.sent)

    def test_today_of_the_user(self):
        midnight = fields.Datetime.to_datetime("2026-03-01 23:30:00")
        self.env.cr.execute(
            "UPDATE mail_mail SET write_date = %s WHERE id = %s",
            [midnight - timedelta(hours=1), self.sent.id],
        )
        self.env.invalidate_all()
        for timezone, found in (("UTC", True), ("Europe/Paris", False)):
            self.admin.tz = timezone
            with patch.object(fields.Datetime, "now", lambda *_: midnight):
                self.assertEqual(self.sent in self._search("sent_today"), found)

    def test_oldest_queued(self):
        """What nobody sent for an hour, though it was due."""
        self.assertEqual(self._search("oldest_queued"), self.old + self.overdue)

    def test_action(self):
        action = self.env.ref("mail_queue_safe.mail_queue_action")
        self.assertEqual(literal_eval(action.context), {"search_default_queued": 1})
        self.assertEqual(
            action.views,
            [
                (self.env.ref("mail_queue_safe.mail_queue_list").id, "list"),
                (self.env.ref("mail.view_mail_form").id, "form"),
            ],
        )

    def test_other_lists_stay_as_they_are(self):
        for view_type, expected in (
            ("list", "mail.view_mail_tree"),
            ("search", "mail.view_mail_search"),
        ):
            _arch, view = self.mails._get_view(view_type=view_type)
            self.assertEqual(view, self.env.ref(expected))

    def test_menus_without_developer_mode(self):
        names = ("menu_mail_queue_mails", "menu_mail_queue_outages")
        own = {self.env.ref(f"mail_queue_safe.{name}").id for name in names}
        menus = self.env["ir.ui.menu"]
        self.assertLessEqual(own, menus.with_user(self.admin)._visible_menu_ids())
        manager = new_test_user(self.env, "manager", groups="base.group_erp_manager")
        self.assertTrue(own.isdisjoint(menus.with_user(manager)._visible_menu_ids()))

    def test_outages_say_why_mails_wait(self):
        self.env["mail.queue.outage"].create(
            {"next_attempt": "2030-01-01", "reason": "Daily limit exceeded"}
        )
        action = self.env.ref("mail_queue_safe.mail_queue_outage_action")
        outages = self.env[action.res_model].with_user(self.admin)
        arch = etree.fromstring(outages.get_view(view_type="list")["arch"])
        names = [node.get("name") for node in arch.iter("field")]
        (outage,) = outages.search([]).read(names)
        self.assertEqual(outage["reason"], "Daily limit exceeded")

    def test_who_may_read(self):
        user = new_test_user(self.env, "reader", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.mails.with_user(user).search([("queue_attempts", ">", 0)])

    def test_buttons_of_the_list(self):
        view = self.env.ref("mail_queue_safe.mail_queue_list")
        mails = (self.queued + self.failed + self.sent).with_user(self.admin)
        for node in etree.fromstring(view.arch).iterfind("header/button"):
            self.assertEqual(node.get("type"), "object")
            getattr(mails, node.get("name"))()
        self.assertEqual(mails.mapped("state"), ["cancel", "cancel", "sent"])

    def test_recipients(self):
        ann = self.env["res.partner"].create(
            {"name": "Ann", "email": "ann@example.com"}
        )
        self.queued.write(
            {"recipient_ids": [(6, 0, ann.ids)], "email_cc": "c@example.com"}
        )
        self.assertEqual(
            self.queued.with_user(self.admin).queue_recipients,
            "a@example.com, Ann, c@example.com",
        )
        self.queued.write(
            {"recipient_ids": [(5,)], "email_cc": False, "email_to": False}
        )
        self.assertEqual(self.queued.queue_recipients, "")

    def test_form(self):
        form = Form(self.retrying.with_user(self.admin))
        self.assertEqual(form.queue_attempts, 2)
        self.assertTrue(form.queue_next_attempt)

    def _indexes(self, read):
        """:return: the indexes that PostgreSQL uses for what a function reads"""
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        cursor = type(self.env.cr)
        execute = cursor.execute
        found = set()

        def names(node):
            yield node.get("Index Name")
            for part in node.get("Plans", ()):
                yield from names(part)

        def explain(cr, query, *args, **kwargs):
            explained = SQL("EXPLAIN (FORMAT JSON) %s", query)
            execute(cr, explained)
            ((plan,),) = cr.fetchall()
            found.update(names(plan[0]["Plan"]))
            return execute(cr, query, *args, **kwargs)

        with patch.object(cursor, "execute", explain):
            read()
        return found

    def _filter(self, name):
        view = self.env.ref("mail_queue_safe.mail_queue_search")
        (node,) = etree.fromstring(view.arch).xpath(f"//filter[@name='{name}']")
        return literal_eval(node.get("domain"))

    def test_index_of_each_filter(self):
        # Among few mails, PostgreSQL may as well take this one.
        self.env.cr.execute("DROP INDEX mail_mail_queue_state_idx")
        view = self.env.ref("mail_queue_safe.mail_queue_list")
        order = etree.fromstring(view.arch).get("default_order")
        for name, index in (
            ("queued", "mail_mail_queue_outgoing_idx"),
            ("failed", "mail_mail_queue_failed_idx"),
            ("sent_today", "mail_mail_queue_sent_idx"),
        ):
            mails, domain = self.env["mail.mail"], self._filter(name)
            readers = {
                "the list": partial(mails.search, domain, order=order, limit=80),
                "its number": partial(mails.search_count, domain, limit=10001),
            }
            if name == "sent_today":
                # While few are older, PostgreSQL may rightly read the newest ones.
                del readers["the list"]
            for what, read in readers.items():
                with self.subTest(name, of=what):
                    self.assertIn(index, self._indexes(read))

    def test_index_of_the_groups(self):
        count = partial(self.env["mail.mail"]._read_group, [], ["state"], ["__count"])
        self.assertIn("mail_mail_queue_state_idx", self._indexes(count))
