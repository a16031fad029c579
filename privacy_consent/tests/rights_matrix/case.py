# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The records and the users of the test, and how they call."""

import re
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from lxml import html

from odoo import fields, http
from odoo.tests import HttpCase, new_test_user
from odoo.tools import SQL

from ..answers import press, set_fact
from ..common import ConsentCase
from . import entries

ADDONS = (
    "mail_queue_safe",
    "privacy",
    "privacy_consent",
    "privacy_consent_evidence",
    "privacy_consent_lookup",
    "privacy_consent_mass_mailing",
    "privacy_consent_portal",
)
SESSION_EXPIRED = f"odoo.http.{http.SessionExpiredException.__name__}"
# Whatever somebody could want to forge, beside the tables of our own models.
WATCHED = (
    "ir_cron_progress",
    "mail_blacklist",
    "mail_mail",
    "mail_notification",
    "mail_tracking_value",
)


class RightsMatrixCase(ConsentCase, HttpCase):
    """A user of each role, and records of the first company for each method.

    :cvar users: the users by role; the public one stands for who is not logged in
    :ivar user: the user of the role at work
    :ivar consent: Ann answered it, and the server action failed
    :ivar answer: its message about that, and ``tracked`` one of its tracked values
    :ivar draft: a consent that nobody was asked for yet
    :ivar moved: a consent whose subject has another address than the one asked
    :ivar own_consent: that of the portal user
    :ivar shared_consent: that of a contact of all companies, about an activity of the
        first one, and ``shared_request``, ``shared_event``, ``shared_detail`` of it
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = other = cls.env["res.company"].create(
            {"name": "Other company"}
        )
        cls.company = cls.env.company
        cls.blacklisting = cls.env.ref("privacy_consent.sync_blacklist")
        new_user = partial(new_test_user, cls.env)
        cls.users = {
            entries.ANONYMOUS: cls.env.ref("base.public_user"),
            entries.PORTAL: new_user("portal", groups="base.group_portal"),
            entries.EMPLOYEE: new_user("employee", groups="base.group_user"),
            entries.RECORDER: new_user(
                "recorder", groups="privacy_consent.group_recorder"
            ),
            entries.READER: cls.reader,
            entries.MANAGER: cls.manager,
            entries.OFFICER: new_user(
                "officer",
                groups="privacy.group_data_protection_manager",
                company_id=other.id,
                company_ids=[(6, 0, other.ids)],
            ),
            entries.ADMINISTRATOR: new_user("chief", groups="base.group_system"),
        }
        subject = cls.users[entries.PORTAL].partner_id
        subject.write({"email": "me@example.com", "category_id": cls.marker.ids})
        subject.address_changed_by_others = False
        (cls.ann + cls.luc + cls.mute + subject).company_id = cls.env.company
        cls.stranger = cls._create_subject(
            "Stranger", "stranger@example.com", company_id=other.id
        )
        cls.shared = cls._create_subject("Shared", "shared@example.com")
        keys = cls.env["res.users.apikeys"].sudo()
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        cls.keys = {
            role: keys.with_user(user).sudo()._generate(None, "matrix", tomorrow)
            for role, user in cls.users.items()
            if role != entries.ANONYMOUS
        }

    def setUp(self):
        super().setUp()
        self.use(entries.MANAGER)
        self.make_consents()
        self.make_messages()
        if "mail.queue.outage" in self.registry:
            self.make_mails()
        if "privacy.consent.seal" in self.registry:
            self.make_seals()
        if "privacy.lookup.wizard" in self.env:
            model = self.env["ir.model"]._get("privacy.consent")
            self.lookup_line = self.env["privacy.lookup.wizard.line"].create(
                {"res_model_id": model.id, "res_id": self.consent.id}
            )
        self.env.flush_all()
        self.env.cr.flush()

    def make_consents(self):
        self.activity.server_action_id = self.env["ir.actions.server"].create(
            {
                "name": "Nothing",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": "record.state",
            }
        )
        self.profiles, self.stopped, by_hand = (
            self.activity.copy({"name": name, "consent_required": "manual"})
            for name in ("Profiles", "Stopped", "By hand")
        )
        self.stopped.asking_stopped = True
        self.template.attachment_ids = self.env["ir.attachment"].create(
            {"name": "terms.txt", "raw": b"terms"}
        )
        self.generate(by_hand)
        self.generate()
        self.run_queue()
        self.runs = self.env["privacy.activity.generation"].search([])
        self.no_activity = self.env["privacy.activity"]
        self.no_consent = self.env["privacy.consent"]
        self.draft = self.consent_of(self.ann, by_hand)
        self.drafts = self.draft + self.consent_of(self.luc, by_hand)
        self.own_consent = self.consent_of(self.users[entries.PORTAL].partner_id)
        self.shared_consent = self.consent_of(self.shared)
        self.shared_request = self.shared_consent.request_ids
        self.shared_event = self.shared_consent.event_ids
        self.shared_detail = self.shared_event.detail_ids
        self.blacklisted = self.env["mail.blacklist"]._add("adam@example.com")
        self.moved = self.consent_of(self.luc)
        self.old_link = self.path(self.moved)
        self.luc.email = "new@example.com"
        self.consent = self.consent_of(self.ann)
        self.consent.accepted = True
        self.env.cr.flush()
        press(self.consent, True)
        set_fact(self.consent, action_error="Failed")
        dialogs = self.env["privacy.consent.ask"].with_user(self.manager)
        self.dialog = dialogs.create({"activity_id": self.profiles.id}).sudo()
        previews = self.env["privacy.consent.preview"].with_user(self.manager)
        self.preview = previews.create({"activity_id": self.profiles.id}).sudo()
        self.selection = (
            self.env["privacy.consent.ask.selected"]
            .with_user(self.manager)
            .create({"consent_ids": [(6, 0, self.drafts.ids)]})
            .sudo()
        )
        self.recordings = {
            user: self.env["privacy.consent.record"]
            .with_user(user)
            .create(self.record_values())
            .sudo()
            for user in map(self.users.get, (entries.RECORDER, entries.MANAGER))
        }
        # Somebody is to be reminded.
        self.activity.reminder_count = 1
        self.life_dialog, self.change_dialog = (
            self.env[model]
            .with_user(self.manager)
            .create({"activity_id": self.activity.id, **values})
            .sudo()
            for model, values in (
                ("privacy.activity.life", {"reminder_count": 2, "reminder_days": 7}),
                ("privacy.activity.change", {"what_changed": "Something"}),
            )
        )
        self.suspected = self.consent_of(self.luc)
        press(self.suspected, True, agent="LinkScanner/1.0")
        self.confirmation, self.erasure = (
            self.env[model]
            .with_user(self.manager)
            .with_context(
                active_model="privacy.consent",
                active_id=self.suspected.id,
                active_ids=self.suspected.ids,
            )
            .create(values)
            .sudo()
            for model, values in (
                ("privacy.consent.confirm", {"note": "They said so"}),
                ("privacy.consent.erase", {"reason": "They wished so"}),
            )
        )

    def make_messages(self):
        self.answer = self.consent.message_ids[:1]
        self.subtype = self.env.ref("privacy_consent.mt_consent_acceptance_changed")
        self.staff_subtype = self.env.ref("privacy_consent.mt_consent_state_changed")
        self.comment_subtype = self.env.ref("mail.mt_comment")
        self.assertEqual(self.answer.subtype_id, self.subtype)
        field = self.env["ir.model.fields"]._get("privacy.consent", "accepted")
        self.tracked = self.consent.message_ids.tracking_value_ids.filtered(
            lambda value: value.field_id == field
        )
        self.assertEqual(len(self.tracked), 1)
        messages = self.env["mail.message"]
        self.note = messages.with_user(self.manager).create(
            {"model": "privacy.consent", "res_id": self.consent.id, "body": "A note"}
        )
        # Odoo lets whom it notified of a message change that.
        self.notification = self.env["mail.notification"].create(
            {
                "mail_message_id": self.answer.id,
                "res_partner_id": self.users[entries.EMPLOYEE].partner_id.id,
            }
        )
        self.own_messages = {
            user: messages.create(
                {
                    "body": "Mine",
                    "subtype_id": self.comment_subtype.id,
                    "author_id": user.partner_id.id,
                }
            )
            for user in self.users.values()
        }
        later = self.activity.copy({"name": "Later", "consent_required": "manual"})
        self.asked_later = self.env["privacy.consent"].create(
            {"activity_id": later.id, "partner_id": self.ann.id}
        )
        scheduled = self.env["mail.scheduled.message"].with_user(self.manager)
        self.scheduled = scheduled.create(self.scheduled_values("Later")).sudo()
        self.schedule = self.env["mail.message.schedule"].create(
            {
                "mail_message_id": self.note.id,
                "scheduled_datetime": self.later(days=1),
            }
        )
        self.file = self.consent.request_ids.message_id.attachment_ids
        self.assertTrue(self.file)
        self.own_file = self.env["ir.attachment"].create(
            {"name": "note", "res_model": "privacy.consent", "res_id": self.consent.id}
        )

    def make_mails(self):
        mails = self.env["mail.mail"]
        values = {
            "email_to": "somebody@example.com",
            # Odoo keeps mails about nothing from administrators, too.
            "model": "res.partner",
            "res_id": self.env.company.partner_id.id,
        }
        self.mail = mails.create(values)
        self.late = mails.create({**values, "scheduled_date": self.later(days=1)})
        self.failed = mails.create({**values, "state": "exception"})
        self.outage = self.env["mail.queue.outage"].create(
            {"next_attempt": fields.Datetime.now()}
        )
        self.mail_server = self.env["ir.mail_server"].create(
            {"name": "Limited", "smtp_host": "x", "queue_per_hour": 100}
        )
        self.departure = self.env["mail.queue.departure"].create(
            {
                "mail_server_id": self.mail_server.id,
                "departs_before": fields.Datetime.now(),
            }
        )
        self.env["mail.queue.outage"].sudo().search([]).unlink()
        self.env["ir.cron"]._set_mail_queue_workers(2)
        workers = self.env["ir.cron"]._mail_queue_workers()
        # The queue did nothing since the database was made, maybe hours ago.
        workers.nextcall = self.later()
        self.stopped_worker = workers[1]
        with self.at(self.later(minutes=1)):
            self.stop = self.env["ir.cron.progress"].create(
                {"cron_id": self.stopped_worker.id, "deactivate": True}
            )
        self.assertTrue(self.stopped_worker._mail_queue_stops())
        settings = self.env["res.config.settings"]
        self.settings = settings.with_user(self.users[entries.ADMINISTRATOR]).create(
            {"mail_queue_workers": 3}
        )

    def make_seals(self):
        self.env.flush_all()
        self.env.ref("privacy_consent_evidence.cron_seal").method_direct_trigger()
        self.verification = (
            self.env["privacy.consent.verify"].with_user(self.manager).create({}).sudo()
        )
        self.pack = (
            self.env["privacy.consent.pack"]
            .with_user(self.manager)
            .create({"consent_ids": [(6, 0, self.consent.ids)]})
            .sudo()
        )
        destinations = self.env["privacy.consent.seal.destination"]
        self.no_destination = destinations.sudo()
        self.destination = (
            destinations.with_user(self.manager)
            .create({"addresses": "a@example.com"})
            .sudo()
        )
        self.retention = (
            self.env["privacy.activity.retention"]
            .with_user(self.manager)
            .create({"activity_id": self.activity.id, "retention_months": 12})
            .sudo()
        )
        module = self.env["ir.module.module"].search([("name", "=", "privacy")])
        self.uninstalling = self.env["base.module.uninstall"].create(
            {"module_ids": [(6, 0, module.ids)]}
        )
        self.register = (
            self.env["privacy.register"].with_user(self.manager).create({}).sudo()
        )

    # What the table asks for --------------------------------------------------------

    def use(self, role):
        """Have somebody of this role at work."""
        self.role = role
        self.user = self.users[role]

    @property
    def own_message(self):
        """A message of the user at work."""
        return self.own_messages[self.user]

    @property
    def own_user(self):
        """The user at work."""
        return self.env["res.users"].browse(self.user.id)

    @property
    def own_contact(self):
        """The contact of the user at work."""
        return self.user.partner_id

    @property
    def recording(self):
        """A dialog of the user at work; somebody else's if they cannot have one."""
        return self.recordings.get(self.user, self.recordings[self.manager])

    def record_values(self):
        """:return: the values of a dialog that records a yes of Ann's"""
        return {
            "activity_id": self.profiles.id,
            "partner_ids": [(6, 0, self.ann.ids)],
            "answer": "accepted",
            "channel": "phone",
        }

    def scheduled_values(self, subject):
        """:return: the values of a scheduled message that asks for consent"""
        return {
            "model": "privacy.consent",
            "res_id": self.asked_later.id,
            "author_id": self.manager.partner_id.id,
            "partner_ids": [(6, 0, self.ann.ids)],
            "subject": subject,
            "body": '<a href="/privacy/consent/accept/">Yes</a>'
            '<a href="/privacy/consent/reject/">No</a>',
            "scheduled_date": str(self.later(days=1)),
        }

    def planned(self):
        """:return: the scheduled message of the request that is planned"""
        return self.asked_later.request_ids.filtered(
            lambda one: one.state == "planned"
        ).planned_message_id

    def answered(self):
        """:return: whether the answer of the subject is still there, and counts"""
        given = self.consent.event_ids.filtered(lambda event: event.kind == "given")
        return given.by == "subject" and self.consent.status == "given"

    def on_blacklist(self, name):
        """:return: the entry of somebody's address"""
        return self.env["mail.blacklist"].search(
            [("email", "=", f"{name}@example.com")]
        )

    def tracked_values(self):
        """:return: the values of a tracked change of mind"""
        return {
            "field_id": self.tracked.field_id.id,
            "old_value_integer": 1,
            "new_value_integer": 0,
        }

    def answer_values(self):
        """:return: the values of a message that says that Ann answered"""
        return {
            "author_id": self.ann.id,
            "message_type": "notification",
            "model": "privacy.consent",
            "res_id": self.consent.id,
            "subtype_id": self.subtype.id,
        }

    def post_values(self, **values):
        """:return: the parameters with which Odoo's tracking posts an answer"""
        return {
            "author_id": self.ann.id,
            "body": "",
            "subtype_id": self.subtype.id,
            **values,
        }

    def waiting(self, consent):
        """:return: the mails about a consent that wait in the queue"""
        return self.env["mail.mail"].search(
            [
                ("model", "=", "privacy.consent"),
                ("res_id", "=", consent.id),
                ("state", "=", "outgoing"),
            ]
        )

    def workers(self):
        """:return: the scheduled actions that run the mail queue"""
        return self.env["ir.cron"]._mail_queue_working()

    def path(self, consent):
        """:return: the link with which a subject rejects, on this server"""
        return consent._url(False).removeprefix(consent.get_base_url())

    def link(self, word):
        """:return: a link to one of the pages about the consent"""
        return self.path(self.consent).replace("/reject/", f"/{word}/")

    def forged_link(self, word):
        """:return: the same with a token that somebody made up"""
        return re.sub(r"/[\w-]{52}\?", f"/{'x' * 52}?", self.link(word))

    def press(self, path, word):
        """Open a page, and press its first button that leads to another one."""
        page = html.fromstring(self.url_open(path).content)
        # A form without an address leads to its own page.
        form = next(form for form in page.forms if f"/{word}/" in (form.action or path))
        return self.url_open(form.action or path, data=dict(form.fields))

    def choose(self, word):
        """Press the button for all on the page for several consents."""
        page = html.fromstring(self.url_open(self.link(word)).content)
        nonce = page.forms[0].fields["nonce"]
        data = {"all": word, f"{word}-{self.consent.id}": nonce}
        return self.url_open(self.link("choose"), data=data)

    def got(self, path):
        """:return: the response to a request, which is kept to look at"""
        self.response = self.url_open(path)
        return self.response

    def csrf_token(self):
        """:return: what the forms of a logged-in person contain"""
        return http.Request.csrf_token(self)

    # How it is called ---------------------------------------------------------------

    def records(self, call):
        """:return: the records on which a method is called"""
        if call.on == f"records of {call.model}":
            model = self.env[call.model]
            return model.browse() if model._abstract else model.search([])
        return getattr(self, call.on) if call.on else self.env[call.model]

    def by_call_kw(self, call):
        """Call a method as Odoo's own client does.

        :return: the result, and the name of the error, either of them None
        """
        kwargs = dict(call.parameters_of(self))
        args = [kwargs.pop("vals_list")] if call.method == "create" else []
        method = getattr(self.registry[call.model], call.method)
        if not getattr(method, "_api_model", False):
            args.insert(0, self.records(call).ids)
        answer = self.url_open(
            f"/web/dataset/call_kw/{call.model}/{call.method}",
            json=self.build_rpc_payload(
                {
                    "model": call.model,
                    "method": call.method,
                    "args": args,
                    "kwargs": kwargs,
                }
            ),
        ).json()
        if "error" in answer:
            return None, answer["error"]["data"]["name"]
        return answer.get("result"), None

    def by_json_2(self, call):
        """Call a method as other programs do, with an API key.

        :return: as of :meth:`by_call_kw`
        """
        ids = self.records(call).ids
        key = self.keys.get(self.role)
        response = self.url_open(
            f"/json/2/{call.model}/{call.method}",
            json={**call.parameters_of(self), **({"ids": ids} if ids else {})},
            headers={"Authorization": f"Bearer {key}"} if key else {},
            method="POST",
        )
        if response.status_code == 200:
            return response.json(), None
        if response.status_code == 401:
            return None, SESSION_EXPIRED
        return None, response.json()["name"]

    @contextmanager
    def undone(self):
        """Undo what a call did, so that the next one finds all as it was."""
        try:
            with self.env.cr.savepoint() as savepoint:
                yield
                savepoint.rollback()
        finally:
            self.env.invalidate_all()

    def rows(self):
        """:return: the rows of all that somebody could want to forge"""
        tables = {
            model_class._table
            for model_class in self.registry.values()
            if model_class._original_module.startswith(("mail_queue", "privacy"))
            and model_class._auto
        }
        selects = [
            SQL("SELECT %s, t.id, t::text FROM %s t", table, SQL.identifier(table))
            for table in sorted(tables.union(WATCHED))
        ]
        selects.append(
            SQL(
                "SELECT 'mail_message', t.id, t::text FROM mail_message t"
                " WHERE model = 'privacy.consent'"
            )
        )
        self.env.cr.execute(SQL(" UNION ALL ").join(selects))
        return set(self.env.cr.fetchall())
