# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers of subjects, as the page behind a link records them."""

import time
from unittest.mock import patch

from odoo import fields

from .. import links
from ..answer_guard import unguarded
from ..models.privacy_consent import store
from ..models.privacy_consent_delivery import sending
from ..models.privacy_consent_request import make_requests

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def press(consent, answer, agent=FIREFOX, address="192.0.2.7", lang=None, after=60):
    """Have the subject press a button of the page behind their link.

    :param consent: ``privacy.consent`` record, with any rights
    :param bool answer: whether they consent
    :param str agent: what their browser calls itself
    :param str address: their network address
    :param str lang: code of the language of the page, by default theirs
    :param int after: how many seconds after the page was made
    """
    public = consent.env.ref("base.public_user")
    consent = consent.with_user(public).sudo().with_context(lang="en_US")
    lang = lang or consent.partner_id.lang or "en_US"
    action = "accept" if answer else "reject"
    button = links.nonce.button(consent.id, action, consent.ids)
    with patch.object(time, "time", return_value=time.time() - after):
        nonce = consent._button_nonce(button, lang)
    proof = links.proof.pressed(
        "mail_link",
        consent.id,
        consent._token(),
        button,
        nonce,
        links.proof.Origin(address, agent, lang, "page 1"),
    )
    consent._record_answer(answer, proof)
    consent.env.cr.flush()


def deliver(consent, mail=None):
    """Have a mail server take the request that waits, without a mail queue.

    :param mail: with which the person is asked, if there are several
    """
    mail = mail or consent.request_ids.mail_id
    with sending(mail):
        consent._mail_delivered(mail, consent.partner_id)


def set_fact(consent, **values):
    """Store values that only the program itself stores."""
    with unguarded(consent.env.cr):
        store(consent, values)
        consent.env.flush_all()


def asked_at(consent, address):
    """Store that a request was delivered at an address, which may be a former one.

    :param consent: ``privacy.consent`` record
    :param str address: where the request went
    :return: the request, with superuser rights
    """
    values = {
        "consent_id": consent.id,
        "activity_id": consent.activity_id.id,
        "company_id": consent.company_id.id,
        "kind": "first",
        "state": "delivered",
        "address": address,
        "contact_email": address,
        "delivered_date": fields.Datetime.now(),
    }
    return make_requests(consent.env, [values])
