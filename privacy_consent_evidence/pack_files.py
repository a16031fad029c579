# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The requests of consents as they were sent, and the files of consents, in a pack."""

import re
from email import policy
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.utils import format_datetime

from markupsafe import escape

from odoo.fields import Domain
from odoo.tools import html2plaintext

from odoo.addons.privacy_consent import links

_SENT = ("delivered", "bounced")
_HEADERS = HeaderRegistry()
for _name in ("from", "to", "message-id"):
    _HEADERS.map_to_type(_name, UnstructuredHeader)
# Nothing is an address.
_ANY_WORDS = policy.SMTP.clone(header_factory=_HEADERS)


class PackFiles:
    """What is written of each consent as files of its own.

    :param env: with superuser rights
    :param archive: a ZIP file that is open for writing
    :param bool for_person: without staff and others
    """

    def __init__(self, env, archive, for_person):
        self._env = env
        self._archive = archive
        self._for_person = for_person
        self._files = {}

    def load(self, consents, consent_ids):
        """Read together what :meth:`add` needs of some consents.

        :param dict consent_ids: of their events, of which scans are files, by event
        """
        domain = Domain("res_model", "=", consents._name)
        domain &= Domain("res_id", "in", consents.ids)
        scans = Domain("res_model", "=", "privacy.consent.event")
        scans &= Domain("res_id", "in", list(consent_ids))
        files = self._env["ir.attachment"].search(
            (domain | scans) & Domain("type", "=", "binary"), order="id"
        )
        self._files = files.grouped(
            lambda one: one.res_id
            if one.res_model == consents._name
            else consent_ids[one.res_id]
        )

    def add(self, consents):
        """Write the requests and files of a consent, which were loaded.

        :return: their paths
        """
        return self._write_requests(consents) + self._write_files(consents)

    def _write_requests(self, consents):
        """:return: the paths of the requests of a consent that left"""
        paths = []
        for request in consents.request_ids.sorted("id"):
            if request.state in _SENT and request.message_id:
                path = f"requests/{request.uuid}.eml"
                self._archive.writestr(path, self._mail(request))
                paths.append(path)
        return paths

    def _mail(self, request):
        """:return: a request as it was sent, without personal links

        For the person, staff who wrote it are not named.
        """
        message, consent = request.message_id, request.consent_id
        hide = self._hiding(message)
        said = {
            "From": message.email_from,
            "To": request.address,
            "Subject": message.subject,
            "Message-ID": message.message_id,
            "Date": format_datetime(request.delivered_date or message.date),
            "body": str(message.body or ""),
        }
        said = {name: hide(value or "") for name, value in said.items()}
        said = consent._without_links(said)
        body = said.pop("body")
        # Of a stored value no line may become a header.
        headers = {name: " ".join(value.split()) for name, value in said.items()}
        headers = {name: value for name, value in headers.items() if value}
        files = consent._files_without_links(
            [(file.name, _content(file)) for file in message.attachment_ids]
        )
        try:
            return _compose(headers, body, files, policy.SMTP)
        # Python fails in many ways to read what is no address.
        except Exception:
            return _compose(headers, body, files, _ANY_WORDS)

    def _hiding(self, message):
        """:return: the function that takes the names of staff out of a text"""
        if not self._for_person:
            return lambda text: text
        users = message.author_id.user_ids | message.create_uid
        users = users.filtered(lambda user: user._is_internal()) - self._env.ref(
            "base.user_root"
        )
        words = {
            word
            for user in users
            for word in (
                user.name,
                user.email,
                str(user.signature or ""),
                html2plaintext(user.signature or ""),
            )
            if word and word.strip()
        }
        if not words:
            return lambda text: text
        words |= {str(escape(word)) for word in words}
        pattern = re.compile(
            "|".join(map(re.escape, sorted(words, key=len, reverse=True))),
            re.IGNORECASE,
        )
        return lambda text: pattern.sub(links.scrub.MARK, text)

    def _write_files(self, consents):
        """Write the files of a consent: scans, and what came with replies.

        The person gets those that came from themselves: others may name somebody.

        :return: their paths
        """
        files = self._env["ir.attachment"].concat(
            *(self._files[one] for one in consents.ids if one in self._files)
        )
        if self._for_person:
            own = self._env["mail.message"].search(
                [
                    ("attachment_ids", "in", files.ids),
                    ("author_id", "in", consents.partner_id.ids),
                ]
            )
            files &= own.attachment_ids
        paths = []
        for file in files:
            ((name, content),) = consents._files_without_links(
                [(file.name, _content(file))]
            )
            # File systems take 255 bytes, and a letter has up to four.
            clean = re.sub(r"[^\w.-]+", "_", name)[-50:]
            path = f"files/{file.id}-{clean}"
            self._archive.writestr(path, content)
            paths.append(path)
        return paths


def _content(file):
    """:return: the content of a file, which Odoo does not keep for later"""
    content = file.with_prefetch().raw or b""
    file.invalidate_recordset(["raw"], flush=False)
    return content


def _compose(headers, body, files, rules):
    """:return: the bytes of a mail

    :param dict headers: their texts, by name
    :param str body: HTML
    :param files: name and content of each
    :param rules: the policy of the mail
    """
    mail = EmailMessage(rules)
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(html2plaintext(body))
    mail.add_alternative(body, subtype="html")
    for name, content in files:
        data = content.encode() if isinstance(content, str) else content
        # As an ordinary file: a mail within a mail could not be encoded.
        kind = {"maintype": "application", "subtype": "octet-stream"}
        mail.add_attachment(data, **kind, filename=name)
    return mail.as_bytes()
