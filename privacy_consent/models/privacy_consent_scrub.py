# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nothing that is stored about a consent contains a personal link."""

import mimetypes
from email.message import Message

from odoo import models
from odoo.exceptions import MissingError

from .. import links


def _tokens(consents):
    """Compute the secret parts of all links that these consents ever had.

    It is no method, so that the code of a server action cannot call it.

    :return: a set, empty for consents that were deleted
    """
    try:
        # Links of merged consents lead to the one that counts.
        together = consents.sudo().with_context(active_test=False)._merge_group()
        return {token for consent in together for token in _own_tokens(consent)}
    except MissingError:
        return set()


def _own_tokens(consent):
    secret = consent._link_secret()
    for address in consent._link_mailboxes():
        for revocations in range(consent.link_revocations + 1):
            yield from links.token.make_both(
                secret, consent.id, consent.activity_id.id, address, revocations
            )
    yield links.token.make_old(
        secret,
        consent.env.cr.dbname,
        consent.id,
        consent.token_partner_id or consent.partner_id.id,
        consent.activity_id.id,
    )


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _values_without_links(self, vals, names):
        """Clean some of the values that are about to be written.

        :param dict vals: values of these consents, or of records about them; if there
            are none, they stay
        :param names: which of them are texts, or lists with texts in them
        :return: the values
        """
        found = {name: vals[name] for name in names if self and vals.get(name)}
        return vals | self._without_links(found) if found else vals

    def _without_links(self, value):
        """Put a mark in place of each personal link of these consents.

        :param value: a text, or a list or dictionary with texts in it
        :return: the same, of the same class
        """
        tokens = None

        def cleaned(one):
            nonlocal tokens
            if isinstance(one, str):
                if links.scrub.is_plain(one):
                    return one
                tokens = _tokens(self) if tokens is None else tokens
                return links.scrub.scrub(one, tokens)
            if isinstance(one, dict):
                return {key: cleaned(each) for key, each in one.items()}
            if isinstance(one, list | tuple):
                return [cleaned(each) for each in one]
            return one

        return cleaned(value)

    def _files_without_links(self, files):
        """Clean files that came with a message.

        What is no mere text is left out if there is a personal link in it, and a note
        takes its place.

        :param files: tuples of name, content, and maybe more, as of ``message_post()``
        :return: the same
        """
        tokens = files and _tokens(self)
        return [self._file_without_links(file, tokens) for file in files]

    def _file_without_links(self, file, tokens):
        name, content, *rest = file
        make = getattr(file, "_make", tuple)
        text = _text(content)
        if text is not None and not links.scrub.contains(text, tokens):
            return make((links.scrub.scrub(name, tokens), content, *rest))
        clean = None
        if isinstance(content, str | bytes) and _is_text(name):
            clean = links.scrub.scrub(text, tokens)
        if clean is None or links.scrub.contains(clean, tokens):
            name = links.scrub.scrub(f"{name}.txt", tokens)
            clean = self.env._(
                "This file was left out: it contained somebody's personal link."
            )
            return make((name, clean, *({} for _one in rest)))
        if isinstance(content, bytes):
            clean = clean.encode("latin-1")
        return make((name, clean, *rest))


def _text(content):
    """:return: what a file says, one character for each byte; None if Python fails"""
    if isinstance(content, Message):
        try:
            content = content.as_bytes()
        except Exception:  # what it read it cannot always write
            return None
    return content.decode("latin-1") if isinstance(content, bytes) else str(content)


def _is_text(name):
    """:return: whether a part of the file may be cut out: not of mails, for example"""
    return (mimetypes.guess_type(name)[0] or "").startswith("text/")
