# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What happens between an SMTP client and its server while one message is handed over.

Plain Python, without Odoo. Names of commands and replies are those of RFC 5321.
"""

from contextlib import contextmanager, suppress
from smtplib import SMTP, SMTPException


class Dialogue:
    """What the server said about one message.

    :ivar list[str] accepted: recipients that the server takes
    :ivar dict refused: the reply, a pair of code and text, by recipient that the
        server does not take
    :ivar bool handed_over: whether the server began to get the message
    :ivar bool taken: whether the server took the message
    :ivar Exception error: what a function of the caller raised, or None
    """

    def __init__(self):
        self.accepted = []
        self.refused = {}
        self.handed_over = False
        self.taken = False
        self.error = None


@contextmanager
def watch(session, dialogue, before_data=None, after_data=None):
    """Call functions at the two moments when it is settled who gets a message.

    What is no SMTP session is not watched: other addons send by other means.

    :param smtplib.SMTP session: the session, connected
    :param Dialogue dialogue: gets what the server says
    :param before_data: called when the replies to all recipients are known, and nothing
        was handed over yet; if it raises, the message is not
    :param after_data: called right after the server took the message
    """
    if not isinstance(session, SMTP):
        yield
        return
    rcpt, data = session.rcpt, session.data

    def watched_rcpt(recipient, *args, **kwargs):
        code, text = rcpt(recipient, *args, **kwargs)
        # section 4.3.2: the codes of success
        if code in (250, 251):
            dialogue.accepted.append(recipient)
        else:
            dialogue.refused[recipient] = code, text
        return code, text

    def call(function):
        try:
            if function:
                function()
        except BaseException as error:
            dialogue.error = error
            raise

    def watched_data(message):
        try:
            call(before_data)
        except BaseException:
            with suppress(SMTPException, OSError):
                session.rset()
            raise
        dialogue.handed_over = True
        code, text = data(message)
        dialogue.taken = code == 250
        if dialogue.taken:
            call(after_data)
        return code, text

    session.rcpt, session.data = watched_rcpt, watched_data
    try:
        yield
    finally:
        session.rcpt, session.data = rcpt, data
