# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What happens between an SMTP client and its server while one message is handed over.

Plain Python, without Odoo. Names of commands and replies are those of RFC 5321.
"""

from contextlib import contextmanager, suppress
from smtplib import SMTPException


@contextmanager
def watch(session, refused, before_data, after_data):
    """Call functions at the two moments when it is settled who gets a message.

    :param smtplib.SMTP session: the session, connected
    :param dict refused: gets the reply, a pair of code and text, by recipient that the
        server does not take
    :param before_data: called with the list of recipients that the server takes, when
        all are known and nothing was handed over yet; if it raises, the message is not
    :param after_data: called right after the server's reply to the message, with
        whether it took it
    """
    accepted = []
    rcpt, data = session.rcpt, session.data

    def watched_rcpt(recipient, *args, **kwargs):
        code, text = rcpt(recipient, *args, **kwargs)
        # section 4.3.2: the codes of success
        if code in (250, 251):
            accepted.append(recipient)
        else:
            refused[recipient] = code, text
        return code, text

    def watched_data(message):
        try:
            before_data(accepted)
        except BaseException:
            with suppress(SMTPException, OSError):
                session.rset()
            raise
        taken = False
        try:
            code, text = data(message)
            taken = code == 250
        finally:
            after_data(taken)
        return code, text

    session.rcpt, session.data = watched_rcpt, watched_data
    try:
        yield
    finally:
        session.rcpt, session.data = rcpt, data
