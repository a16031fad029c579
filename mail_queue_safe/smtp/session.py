# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An SMTP session that the queue opens when it needs one.

Plain Python, without Odoo.
"""

import smtplib

# So many recipients in a row that a server refuses in the same words.
_ALIKE = 3


class Session:
    """A session with one server, which may be opened again after the server closed it.

    :param connect: function that opens one, and returns an ``smtplib.SMTP``
    :ivar smtp: what the function returned; None while there is no session
    :ivar bool used: whether a message was handed over in this session, or was tried to
    :ivar list refusals: pairs of a mail and the words, since the server took a message
    """

    def __init__(self, connect):
        self._connect = connect
        self.smtp = None
        self.used = False
        self.refusals = []

    def open(self):
        """Have a session.

        :return: whether it is a new one
        :rtype: bool
        :raise Exception: if there is none
        """
        if self.smtp is not None:
            return False
        self.smtp = self._connect()
        self.used = False
        return True

    def refuse(self, mail_id, words):
        """Note that the server refused a mail, in words that may mean another thing.

        :param words: code and text, which are the same if the server means the same
        :return: whether it refused several mails in a row in the same words
        :rtype: bool
        """
        if any(words != earlier for _mail_id, earlier in self.refusals):
            self.refusals = []
        self.refusals.append((mail_id, words))
        return len(set(self.refused_alike())) >= _ALIKE

    def refused_alike(self):
        """:return: the mails that the server refused in the same words, in a row"""
        return [mail_id for mail_id, _words in self.refusals]

    def is_closed(self):
        """:return: whether the server hung up"""
        return getattr(self.smtp, "sock", True) is None

    def quit(self):
        """Close the session, if there is one. A server that hung up is no error."""
        smtp, self.smtp = self.smtp, None
        try:
            if smtp:
                smtp.quit()
        except (smtplib.SMTPException, OSError):
            smtp.close()
