# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a server says about us is no verdict on a recipient."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError
from odoo.modules.registry import DummyRLock, Registry
from odoo.tools import mute_logger

from odoo.addons.mail.models.mail_mail import MailMail as OdooMail

from .common import QueueCase

OUTAGE = "odoo.addons.mail_queue_safe.models.mail_queue_outage"


class TestVerdicts(QueueCase):
    def many(self, count=10, **values):
        """:return: ids of mails to as many addresses"""
        return [
            self.mail(email_to=f"reader{number}@example.com", **values)
            for number in range(count)
        ]

    def states(self, mail_ids):
        return [self.stored(mail_id, "state") for mail_id in mail_ids]

    def run_refused(self):
        with mute_logger(OUTAGE):
            self.run_queue()

    def outages(self):
        return self.execute("SELECT attempts, reason FROM mail_queue_outage")

    def mend(self):
        """Have the server take everything, and the time of all next attempts come."""
        self.post.refuse.clear()
        self.post.reply = lambda stage, said: None
        self.let_time_pass()
        self.run_queue()

    def refuse_after(self, count, stage, reply):
        """Have the server refuse, in a stage, once it took so many messages.

        :return: a list of what the client said in that stage since
        """
        tried = []

        def answer(at, said):
            if at == stage and len(self.post.messages) >= count:
                tried.append(said)
                return reply
            return None

        self.post.reply = answer
        return tried

    # Us -------------------------------------------------------------------------

    def test_limits_and_senders(self):
        """All wait, whole, after one attempt; nobody is written off; then all leave."""
        for stage, reply in (
            ("data", (550, b"5.4.5 Daily user sending limit exceeded")),
            ("data", (554, b"5.2.0 STOREDRV.Submission; SubmissionQuotaExceeded")),
            ("data", (554, b"5.2.0 STOREDRV.Submission; SendAsDenied; me@x.example")),
            ("rcpt", (550, b"5.4.5 Daily user sending limit exceeded")),
            (
                "rcpt",
                (
                    553,
                    b"5.7.1 <me@x.example>: Sender address rejected: not owned by user",
                ),
            ),
            (
                "rcpt",
                (554, b"5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org"),
            ),
            ("mail", (553, b"5.7.1 <me@x.example>: Sender address rejected")),
            ("mail", (530, b"5.7.0 Authentication required")),
            ("mail", (451, b"4.7.0 Temporary server error. Please try again later")),
        ):
            with self.subTest(stage=stage, reply=reply):
                self.post.messages.clear()
                mail_ids = self.many()
                tried = self.refuse_after(3, stage, reply)
                self.run_refused()
                self.run_queue()
                self.assertEqual(self.states(mail_ids), ["sent"] * 3 + ["outgoing"] * 7)
                self.assertEqual(len(tried), 1, "one attempt, and not one for each")
                ((attempts, reason),) = self.outages()
                self.assertEqual(attempts, 1)
                self.assertIn(str(reply[0]), reason)
                for mail_id in mail_ids[3:]:
                    refused, why, next_attempt = self.stored(
                        mail_id, "queue_refused", "failure_reason", "queue_next_attempt"
                    )
                    self.assertFalse(refused)
                    self.assertTrue(next_attempt)
                    self.assertIn(str(reply[0]), why)
                self.mend()
                self.assertEqual(self.states(mail_ids), ["sent"] * 10)
                self.assertEqual(
                    self.post.delivered(),
                    [f"reader{n}@example.com" for n in (0, 1, 2)]
                    + sorted(self.post.delivered()[3:]),
                )
                self.assertEqual(len(set(self.post.delivered())), 10, "nobody twice")
                self.assertFalse(self.outages())

    def test_delays_of_an_outage_grow(self):
        self.many(1)
        self.refuse_after(0, "mail", (550, b"5.7.0 Blocked"))
        delays = []
        for attempts in (1, 2, 3):
            self.let_time_pass()
            self.run_refused()
            ((found, seconds),) = self.execute(
                "SELECT attempts, extract(epoch FROM next_attempt - write_date)"
                " FROM mail_queue_outage"
            )
            self.assertEqual(found, attempts)
            delays.append(seconds)
        self.assertGreater(delays[1], 2 * delays[0])
        self.assertGreater(delays[2], 2 * delays[1])

    def test_other_servers_go_on(self):
        self.make("ir.mail_server", name="Main", smtp_host="x")
        other = self.make(
            "ir.mail_server",
            name="Other",
            smtp_host="x",
            from_filter="other@example.com",
        )
        mail_ids = self.many(3)
        fine = self.mail(email_to="fine@example.com", email_from="other@example.com")
        self.post.reply = (
            lambda stage, said: (554, b"5.7.1 Client host blocked using a list")
            if stage == "rcpt" and said != "fine@example.com"
            else None
        )
        self.run_refused()
        self.assertEqual(self.states(mail_ids), ["outgoing"] * 3)
        self.assertEqual(self.states([fine]), ["sent"])
        self.assertEqual(self.post.messages[0].server, other)

    def test_one_that_is_always_refused_does_not_hold_up_the_others(self):
        """A server that relays some domains only means us, but just with these."""
        mail_ids = self.many()
        self.post.refuse["reader0@example.com"] = (554, b"5.7.1 Relay access denied")
        self.run_refused()
        self.assertEqual(self.states(mail_ids), ["outgoing"] * 10)
        self.execute("UPDATE mail_queue_outage SET next_attempt = '2000-01-01'")
        self.execute(
            "UPDATE mail_mail SET queue_next_attempt ="
            " queue_next_attempt - interval '5 minutes'"
        )
        self.run_queue()
        self.assertEqual(self.states(mail_ids), ["outgoing"] + ["sent"] * 9)
        self.assertFalse(self.outages())

    def test_nobody_is_named_to_others(self):
        """Mails that wait do not say whom the server refused."""
        mail_ids = [
            self.mail(email_to="Ann@example.com, bob@example.com"),
            *self.many(),
        ]
        said = (554, b"5.7.1 <ANN@example.com>: Relay access denied")
        self.post.refuse = {"ann@example.com": said, "bob@example.com": said}
        self.run_refused()
        ((_attempts, outage),) = self.outages()
        self.assertEqual(outage, "554 5.7.1 Relay access denied")
        for mail_id in mail_ids:
            self.assertNotIn("@", self.stored(mail_id, "failure_reason"))
        self.post.refuse.clear()
        self.refuse_after(
            0, "data", (550, b"5.4.5 ann@example.com: Daily limit exceeded")
        )
        self.let_time_pass()
        self.run_refused()
        ((_attempts, outage),) = self.outages()
        self.assertEqual(outage, "550 5.4.5 Daily limit exceeded")

    def test_reason_that_another_addon_cleans(self):
        """What it keeps out of the mail's reason is in none of the others."""
        mail_ids = self.many(3)
        self.refuse_after(0, "data", (550, b"5.4.5 Daily limit exceeded: secret"))
        write = OdooMail.write

        def cleaning(mails, vals):
            if reason := vals.get("failure_reason"):
                vals = {**vals, "failure_reason": reason.replace("secret", "***")}
            return write(mails, vals)

        with patch.object(OdooMail, "write", cleaning):
            self.run_refused()
        ((_attempts, outage),) = self.outages()
        self.assertEqual(outage, "550 5.4.5 Daily limit exceeded: ***")
        for mail_id in mail_ids:
            self.assertEqual(self.stored(mail_id, "failure_reason"), outage)

    def test_several_refused_alike(self):
        """Words that may mean anything mean us, if they are said to everybody."""
        mail_ids = self.many()
        self.post.reply = (
            lambda stage, said: (550, b"Administrative prohibition")
            if stage == "rcpt"
            else None
        )
        self.run_refused()
        self.assertEqual(self.states(mail_ids), ["outgoing"] * 10)
        self.assertEqual(len(self.outages()), 1)
        self.mend()
        self.assertEqual(self.states(mail_ids), ["sent"] * 10)

    def test_several_refused_alike_by_name(self):
        """A server names the recipient, or gives each reply a number."""
        for stage, reply in (
            ("rcpt", "5.7.1 <reader{0}@example.com>: Recipient address rejected: No"),
            ("data", "5.7.0 Local policy. f9-20020a05{0}12f - smtp"),
        ):
            with self.subTest(reply=reply):
                mail_ids = self.many()
                replies = iter(range(10))
                self.post.reply = (
                    lambda at, said, stage=stage, reply=reply, n=replies: (
                        (550, reply.format(next(n)).encode()) if at == stage else None
                    )
                )
                self.run_refused()
                self.assertEqual(self.states(mail_ids), ["outgoing"] * 10)
                self.mend()
                self.assertEqual(self.states(mail_ids), ["sent"] * 10)

    def test_several_refused_alike_after_data(self):
        mail_ids = self.many()
        self.refuse_after(0, "data", (554, b"Transaction failed"))
        self.run_refused()
        self.assertEqual(self.states(mail_ids), ["outgoing"] * 10)
        self.mend()
        self.assertEqual(self.states(mail_ids), ["sent"] * 10)

    def test_dead_addresses_in_a_row(self):
        """The server says that it is the mailbox: it is no outage."""
        mail_ids = self.many()
        for number in range(5):
            self.post.refuse[f"reader{number}@example.com"] = (
                550,
                b"5.1.1 User unknown",
            )
        self.run_queue()
        self.assertEqual(self.states(mail_ids), ["exception"] * 5 + ["sent"] * 5)
        self.assertFalse(self.outages())

    def test_unclear_refusals_between_messages_that_are_taken(self):
        mail_ids = self.many()
        for number in (0, 2, 4, 6, 8):
            self.post.refuse[f"reader{number}@example.com"] = (550, b"No")
        self.run_queue()
        self.assertEqual(self.states(mail_ids), ["exception", "sent"] * 5)
        self.assertFalse(self.outages())

    def test_unclear_refusals_in_different_words(self):
        mail_ids = self.many(4)
        for number, words in enumerate([b"No", b"Never", b"Not here", b"Go away"]):
            self.post.refuse[f"reader{number}@example.com"] = (550, words)
        self.run_queue()
        self.assertEqual(self.states(mail_ids), ["exception"] * 4)
        self.assertFalse(self.outages())

    def test_some_taken_in_spite_of_us(self):
        """Who is taken got it; the others of that message are tried again later."""
        (mail_id,) = [self.mail(email_to="in@example.com, out@example.com")]
        self.post.refuse["out@example.com"] = (554, b"5.7.1 Relay access denied")
        self.run_queue()
        self.assertEqual(self.post.delivered(), ["in@example.com"])
        self.assertEqual(self.stored(mail_id, "state"), "outgoing")
        self.assertFalse(self.outages())
        self.mend()
        self.assertEqual(self.post.delivered(), ["in@example.com", "out@example.com"])

    def test_reply_that_no_database_holds(self):
        """A byte of zero in a reply stops neither the mail nor the queue."""
        mail_ids = self.many(3)
        self.post.refuse["reader0@example.com"] = (550, b"5.1.1 User \0 unknown")
        self.post.refuse["reader1@example.com"] = (450, b"4.2.0 Busy \0")
        self.run_queue()
        self.assertEqual(self.states(mail_ids), ["exception", "outgoing", "sent"])
        self.refuse_after(0, "mail", (451, b"4.7.0 Try \0 later"))
        waiting = self.many(1)
        self.run_refused()
        self.assertEqual(self.states(waiting), ["outgoing"])
        self.assertEqual(len(self.outages()), 1)

    # Connecting -----------------------------------------------------------------

    def test_whatever_fails_while_connecting_is_an_outage(self):
        """Also Odoo's own words: a token that Google did not renew, for instance."""
        for error in (
            UserError("An error occurred when fetching the access token."),
            ValueError("not a port"),
            OSError("no route to host"),
            KeyError("smtp_host"),
        ):
            with self.subTest(error=repr(error)):

                def fail(error=error):
                    raise error

                mail_ids = self.many(3)
                self.connects = fail
                self.run_refused()
                self.assertEqual(self.states(mail_ids), ["outgoing"] * 3)
                self.assertEqual(len(self.outages()), 1)
                self.connects = lambda: None
                self.mend()
                self.assertEqual(self.states(mail_ids), ["sent"] * 3)

    def test_server_archived_for_an_hour(self):
        server = self.make("ir.mail_server", name="Named", smtp_host="x")
        mail_ids = self.many(3, mail_server_id=server)
        self.execute("UPDATE ir_mail_server SET active = false WHERE id = %s", server)
        self.run_refused()
        self.assertEqual(self.states(mail_ids), ["outgoing"] * 3)
        self.assertIn("archived", self.stored(mail_ids[0], "failure_reason"))
        self.execute("UPDATE ir_mail_server SET active = true WHERE id = %s", server)
        self.mend()
        self.assertEqual(self.states(mail_ids), ["sent"] * 3)

    def test_two_workers_renew_a_token_at_once(self):
        """The slower one takes the token of the other."""
        mail_ids = self.many(3)
        conflicts = [SerializationFailure("could not serialize access")] * 2

        def fail():
            if conflicts:
                raise conflicts.pop()

        self.connects = fail
        self.run_queue()
        self.assertEqual(self.states(mail_ids), ["sent"] * 3)
        self.assertFalse(self.outages())

    def test_one_consumer_tries_a_server_again(self):
        """Sixteen do not press upon it at the same moment."""
        self.many(3)
        attempts = []

        def refuse():
            attempts.append(1)
            raise OSError("closed")

        self.connects = refuse
        self.run_refused()
        self.execute("UPDATE mail_queue_outage SET next_attempt = '2000-01-01'")
        for _consumer in range(16):
            self.execute("UPDATE mail_mail SET queue_next_attempt = NULL")
            with self.connection() as env:
                env["mail.queue.outage"]._commit_try(env["ir.mail_server"])
        self.run_queue()
        self.assertEqual(len(attempts), 1, "somebody else is trying")

    def test_consumers_that_meet_an_outage_at_once_count_as_one(self):
        """Otherwise sixteen would wait half an hour for a server that restarts."""
        self.many(4)
        inside = []

        def answer(at, said):
            if at != "mail" or not self.post.messages:
                return None
            if not inside:
                inside.append(at)
                self.run_queue()
            return (451, b"4.3.2 System not accepting network messages")

        self.post.reply = answer
        with mute_logger(OUTAGE):
            self.run_queue()
            self.assertEqual([attempts for attempts, _reason in self.outages()], [1])
            self.let_time_pass()
            self.run_queue()
        self.assertEqual([attempts for attempts, _reason in self.outages()], [2])

    def test_consumers_that_store_an_outage_at_once(self):
        """It is stored once, and nothing is logged as an error."""
        together = Barrier(8)

        def store(_consumer):
            with self.connection() as env:
                server = env["ir.mail_server"]
                env["mail.queue.outage"]._of(server)
                together.wait()
                env["mail.queue.outage"]._commit_unreachable(server, "421", False)

        with (
            # Odoo holds it while it runs the tests of an upgrade.
            patch.object(Registry, "_lock", DummyRLock()),
            self.assertNoLogs("odoo.sql_db", "ERROR"),
            mute_logger(OUTAGE),
            ThreadPoolExecutor(8) as pool,
        ):
            list(pool.map(store, range(8)))
        self.assertEqual(self.outages(), [(1, "421")])
        self.let_time_pass()
        with mute_logger(OUTAGE):
            store_alone = self.env["mail.queue.outage"]._commit_unreachable
            store_alone(self.env["ir.mail_server"], "still", False)
        self.assertEqual(self.outages(), [(2, "still")])

    # The message ----------------------------------------------------------------

    def test_what_cannot_be_built_is_final_at_once(self):
        mail_id = self.mail(email_to="a@example.com", headers="{'X-Bad\\n': 'x'}")
        fine = self.mail(email_to="b@example.com")
        with patch(
            "odoo.addons.base.models.ir_mail_server.IrMail_Server._build_email__",
            side_effect=[ValueError("Header values may not contain linefeed")],
        ):
            self.run_queue_once(mail_id)
        state, attempts, reason = self.stored(
            mail_id, "state", "queue_attempts", "failure_reason"
        )
        self.assertEqual((state, attempts), ("exception", 1))
        self.assertIn("linefeed", reason)
        self.run_queue()
        self.assertEqual(self.states([fine]), ["sent"])

    def test_name_that_looks_like_an_address(self):
        """A contact without an address gets nothing, and neither does their name."""
        mail_id = self.mail_to(self.contact("bob@example.com", email=False))
        self.run_queue()
        self.assertFalse(self.post.messages)
        state, kind = self.stored(mail_id, "state", "failure_type")
        self.assertEqual((state, kind), ("exception", "mail_email_invalid"))

    def run_queue_once(self, mail_id):
        with self.connection() as env:
            env["mail.mail"].process_email_queue([mail_id])

    def test_only_the_first_of_several_refused_is_not_enough(self):
        """Each recipient that a server refuses is noted, for good or for now."""
        mail_id = self.mail(
            email_to="a@example.com, b@example.com, c@example.com, d@example.com"
        )
        self.post.refuse["a@example.com"] = (550, b"5.1.1 Unknown")
        self.post.refuse["b@example.com"] = (450, b"4.2.0 Busy")
        self.post.refuse["c@example.com"] = (550, b"5.1.1 Unknown")
        self.run_queue()
        state, reason, refused = self.stored(
            mail_id, "state", "failure_reason", "queue_refused"
        )
        self.assertEqual(state, "outgoing")
        for address in "abc":
            self.assertIn(f"{address}@example.com", reason)
        self.assertEqual(
            [one[0] for one in refused], ["a@example.com", "c@example.com"]
        )
        self.mend()
        self.assertEqual(self.post.delivered(), ["d@example.com", "b@example.com"])
        self.assertEqual(self.stored(mail_id, "state"), "exception")

    def test_too_many_recipients(self):
        """RFC 5321, section 4.5.3.1.10: the others leave in the next attempt."""
        mail_id = self.mail(email_to="a@example.com, b@example.com")
        self.post.refuse["b@example.com"] = (452, b"4.5.3 Too many recipients")
        self.run_queue()
        self.mend()
        self.assertEqual(self.post.delivered(), ["a@example.com", "b@example.com"])
        self.assertEqual(self.stored(mail_id, "state"), "sent")

    def test_commit_that_fails_after_the_server_took_the_message(self):
        """Nobody gets it again and again."""
        mail_id = self.mail(email_to="a@example.com")
        self.execute(
            "CREATE FUNCTION no_ink() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'No ink left'; END $$;"
            " CREATE CONSTRAINT TRIGGER no_ink AFTER UPDATE ON mail_mail"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
            " WHEN (NEW.state = 'sent') EXECUTE FUNCTION no_ink()"
        )
        self.addCleanup(self.execute, "DROP FUNCTION no_ink CASCADE")
        self.run_queue()
        self.assertEqual(self.post.delivered(), ["a@example.com"])
        self.assertEqual(self.stored(mail_id, "state"), "exception")
        self.assertIn("No ink left", self.stored(mail_id, "failure_reason"))

    def test_end_of_a_mail_that_cannot_be_stored(self):
        """The queue goes on with the others."""
        mail_ids = self.many(2)
        self.post.refuse["reader0@example.com"] = (550, b"5.1.1 User unknown")
        self.execute(
            "CREATE FUNCTION no_ink() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'No ink left'; END $$;"
            " CREATE TRIGGER no_ink BEFORE UPDATE ON mail_mail FOR EACH ROW"
            " WHEN (NEW.state = 'exception') EXECUTE FUNCTION no_ink()"
        )
        self.addCleanup(self.execute, "DROP FUNCTION no_ink CASCADE")
        with (
            self.assertLogs("odoo.addons.mail_queue_safe", "WARNING"),
            mute_logger("odoo.sql_db"),
        ):
            self.run_queue()
        self.assertEqual(self.states(mail_ids), ["outgoing", "sent"])

    def test_callback_that_fails_after_the_commit(self):
        contacts = [self.contact("Ann"), self.contact("Bob")]
        mail_id = self.mail_to(*contacts)
        send_email = type(self.env["ir.mail_server"]).send_email

        def failing(servers, *args, **kwargs):
            servers.env.cr.postcommit.add(lambda: 1 / 0)
            return send_email(servers, *args, **kwargs)

        with (
            patch.object(type(self.env["ir.mail_server"]), "send_email", failing),
            mute_logger("odoo.addons.mail_queue_safe.models.mail_mail_attempt"),
        ):
            self.run_queue()
        self.assertEqual(self.stored(mail_id, "state"), "sent")
        self.assertEqual(self.post.delivered(), [*map(self.email, contacts)])
