# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The queue reads the rows of many mails at once, and trusts them as long as they last.

Each mail is a transaction of its own, which would read its rows anew. So the queue
keeps what it read of a batch, with a fingerprint of the rows: their ``xmin``, which
PostgreSQL changes with each version of a row, whoever writes it. The statement that
claims a mail returns the fingerprint as it is now. Only if it is the same, the kept
values go into the cache of the transaction. Whatever is not kept is read as usual, in
the transaction that claimed the mail.
"""

import hashlib

from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName

from odoo import api, fields, models
from odoo.tools import SQL

# A consumer looks at so many mails at once for one that nobody else is sending.
_LOOK_AHEAD = 50
_DUE = """
    SELECT id FROM mail_mail
    WHERE id = ANY(%(ids)s) AND state = 'outgoing'
        AND (scheduled_date IS NULL OR scheduled_date <= %(now)s)
        AND (queue_next_attempt IS NULL OR queue_next_attempt <= %(now)s)
    ORDER BY id
"""
_LIST = "SELECT string_agg(id || ':' || xmin, ',' ORDER BY id) FROM"
# The row of the mail, the other rows that only it depends on, and those that all mails
# share. Personal servers are left out: Odoo counts their mails in their rows.
_FINGERPRINTS = f"""
    SELECT mail.id, mail.xmin::text, concat_ws(
        '/',
        (SELECT xmin FROM mail_message WHERE id = mail.mail_message_id),
        (
            SELECT string_agg(
                rel.res_partner_id || ':' || partner.xmin, ',' ORDER BY partner.id
            )
            FROM mail_mail_res_partner_rel AS rel
            JOIN res_partner AS partner ON partner.id = rel.res_partner_id
            WHERE rel.mail_mail_id = mail.id
        ),
        (
            SELECT string_agg(file.id || ':' || file.xmin, ',' ORDER BY file.id)
            FROM message_attachment_rel AS rel
            JOIN ir_attachment AS file ON file.id = rel.attachment_id
            WHERE rel.message_id = mail.mail_message_id
        )
    ), concat_ws(
        '/',
        ({_LIST} ir_mail_server WHERE owner_user_id IS NULL),
        ({_LIST} mail_alias_domain),
        ({_LIST} res_company WHERE id = ANY(%(companies)s)),
        (SELECT xmin FROM res_users WHERE id = %(user)s)
    )
"""
_READ = f"""
    WITH due AS MATERIALIZED ({_DUE})
    {_FINGERPRINTS} FROM due JOIN mail_mail AS mail USING (id)
"""
_CLAIM = f"""
    WITH due AS MATERIALIZED ({_DUE} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
    {_FINGERPRINTS} FROM due JOIN mail_mail AS mail USING (id)
"""
# PostgreSQL takes four times longer to plan the claim than to execute it. The name
# changes with the text: connections live longer than a version of this addon.
_PARAMETERS = {
    "ids": "integer[]",
    "now": "timestamp",
    "companies": "integer[]",
    "user": "integer",
}
_PREPARED = "mail_queue_safe_" + hashlib.sha256(_CLAIM.encode()).hexdigest()[:16]
_PREPARE = f"PREPARE {_PREPARED} ({', '.join(_PARAMETERS.values())}) AS " + _CLAIM % {
    name: f"${number}" for number, name in enumerate(_PARAMETERS, start=1)
}
_EXECUTE = f"EXECUTE {_PREPARED} ({', '.join(f'%({name})s' for name in _PARAMETERS)})"


class ReadAhead:
    """What the queue read of a batch of mails.

    :ivar list company_ids: whose rows are among those that all mails share
    :ivar dict own: by mail the fingerprint of what it alone depends on: a pair, of its
        row and of all others
    :ivar str shared: the fingerprint of the rows that all mails share
    :ivar dict values: by mail what goes into the cache: the value by field and id
    :ivar dict shared_values: the same, of the rows that all mails share
    """

    def __init__(self, company_ids):
        self.company_ids = company_ids
        self.own = {}
        self.shared = None
        self.values = {}
        self.shared_values = {}

    def note(self, mail, row, accepted):
        """Note what the queue itself changed of a mail.

        :param str row: the new version of its row
        :param list accepted: the new value of ``queue_accepted``
        """
        _row, others = self.own[mail.id]
        self.own[mail.id] = row, others
        self.values[mail.id][mail._fields["queue_accepted"], mail.id] = accepted


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _queue_read_ahead(self):
        """Read the rows that these mails depend on, in the present transaction.

        :rtype: ReadAhead
        """
        messages = self.mail_message_id
        companies = messages.record_company_id | self.env.company
        ahead = ReadAhead(companies.ids)
        self.env.cr.execute(SQL(_READ, **self._queue_parameters(self.ids, ahead)))
        for mail_id, row, others, shared in self.env.cr.fetchall():
            ahead.own[mail_id] = row, others
            ahead.shared = shared
        servers = self.env["ir.mail_server"].search([("owner_user_id", "=", False)])
        domains = companies.alias_domain_id | messages.record_alias_domain_id
        for records in (servers, domains, companies, self.env.user):
            ahead.shared_values.update(_columns(records))
        columns = _columns(self) | _columns(messages) | _columns(self.recipient_ids)
        by_record = {}
        for (field, record_id), value in columns.items():
            by_record.setdefault((field.model_name, record_id), {})[
                field, record_id
            ] = value
        inherited = [
            (field, field.related_field)
            for field in self._fields.values()
            if field.inherited and field.related_field.model_name == messages._name
        ]
        recipients = self._fields["recipient_ids"]
        files = messages._fields["attachment_ids"]
        messages.mapped("attachment_ids")
        for mail in self.browse(ahead.own):
            message = mail.mail_message_id
            values = ahead.values[mail.id] = dict(by_record[self._name, mail.id])
            values.update(by_record[messages._name, message.id])
            for contact_id in mail.recipient_ids.ids:
                values.update(by_record["res.partner", contact_id])
            values[recipients, mail.id] = recipients._get_cache(self.env)[mail.id]
            values[files, message.id] = files._get_cache(self.env)[message.id]
            for field, base in inherited:
                if (base, message.id) in values:
                    values[field, mail.id] = values[base, message.id]
        return ahead

    @api.model
    def _queue_parameters(self, mail_ids, ahead):
        return {
            "ids": list(mail_ids),
            "now": fields.Datetime.now(),
            "companies": ahead.company_ids if ahead else [],
            "user": self.env.uid,
        }

    @api.model
    def _queue_claim(self, mail_ids, ahead=None):
        """Begin a transaction, and claim a mail that is due and that nobody else sends.

        :param mail_ids: of these mails the first one that can be claimed
        :param ReadAhead ahead: what was read of them, if anything was
        :return: the mail, locked until the end of the transaction, or none; and whether
            it can be sent, because what was read is still true
        :rtype: tuple
        """
        for start in range(0, len(mail_ids), _LOOK_AHEAD):
            some_ids = mail_ids[start : start + _LOOK_AHEAD]
            parameters = self._queue_parameters(some_ids, ahead)
            try:
                rows = self._queue_begin(SQL(_EXECUTE, **parameters))
            except InvalidSqlStatementName:
                self._queue_prepare()
                rows = self._queue_begin(SQL(_CLAIM, **parameters))
            for mail_id, row, others, shared in rows:
                if not ahead:
                    return self.browse(mail_id), True
                if shared != ahead.shared or ahead.own.get(mail_id) != (row, others):
                    return self.browse(mail_id), False
                for kept in (ahead.values[mail_id], ahead.shared_values):
                    for (field, record_id), value in kept.items():
                        field._get_cache(self.env).setdefault(record_id, value)
                return self.browse(mail_id), True
        return self.browse(), True

    @api.model
    def _queue_prepare(self):
        """Have the connection know the statement that claims, from the next one on."""
        self.env.cr.rollback()
        try:
            self.env.cr.execute(_PREPARE, log_exceptions=False)
        except DuplicatePreparedStatement:
            # A connection pooler changes connections with each transaction.
            self.env.cr.rollback()


def _columns(records):
    """Read the stored columns of records that do not depend on the context.

    :return: the value, as the cache has it, by field and id
    :rtype: dict
    """
    records.fetch()
    contextual = records.env.registry.field_depends_context
    columns = {}
    for field in records._fields.values():
        if (
            field.store
            and field.column_type
            and not field.translate
            and not field.company_dependent
            and field not in contextual
        ):
            cache = field._get_cache(records.env)
            for record_id in records.ids:
                if record_id in cache:
                    columns[field, record_id] = cache[record_id]
    return columns
