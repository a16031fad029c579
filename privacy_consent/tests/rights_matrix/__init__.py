# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may call which public method and open which page: the table of the test."""

from . import evidence, life, mail_queue, messages, pages, records
from .entries import Call

CALLS_BY_ADDON = {
    "privacy_consent": [
        *records.ACTIVITY,
        *records.CONSENT,
        *records.DIALOGS,
        *life.LIFE,
        *messages.MESSAGES,
        *messages.FORGERIES,
    ],
    "privacy_consent_evidence": evidence.EVIDENCE,
    # It takes both: an administrator, and a manager of data protection.
    "privacy_consent_lookup": [
        Call("privacy.lookup.wizard.line.action_unlink", "lookup_line")
    ],
    "mail_queue_safe": mail_queue.MAIL_QUEUE,
}
CALLS_BY_MODEL = records.RECORDS
PAGES_BY_ADDON = {
    "privacy_consent": pages.PAGES,
    "privacy_consent_evidence": evidence.EVIDENCE_PAGES,
    "privacy_consent_portal": pages.PORTAL_PAGES,
}
