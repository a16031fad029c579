# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whom a link belongs to, what it allows, and when it ends."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, RecordCapturer, tagged
from odoo.tools import mute_logger

from .. import links
from .answers import deliver, press, set_fact
from .common import AskedCase, nonces

NEW = "ann@new.example.com"


class LinksCase(AskedCase):
    def grant(self, token, consent=None):
        """:return: what a token allows"""
        self.env.flush_all()
        consent = consent or self.consent
        found, grant = consent._of_link(consent.id, token)
        self.assertEqual(found, consent if grant else consent.browse())
        return grant

    def old_token(self, consent):
        return links.token.make_old(
            consent._link_secret(),
            self.env.cr.dbname,
            consent.id,
            consent.partner_id.id,
            consent.activity_id.id,
        )


class TestLinks(LinksCase):
    def test_is_deterministic(self):
        self.assertEqual(self.consent._token(), self.consent._token())
        self.assertEqual(self.grant(self.consent._token()), links.token.FULL)

    def test_is_independent_of_the_databases_name(self):
        token = self.consent._token()
        self.patch(self.env.cr, "dbname", "restored_elsewhere")
        self.assertEqual(self.consent._token(), token)

    def test_former_address(self):
        token = self.consent._token()
        self.ann.email = NEW
        self.assertNotEqual(self.consent._token(), token)
        self.assertEqual(self.grant(token), links.token.REFUSE)
        self.assertEqual(self.grant(self.consent._token()), links.token.FULL)
        self.ann.email = "Ann <ANN@example.com>"
        self.assertEqual(self.grant(token), links.token.FULL)

    def test_address_that_was_never_asked(self):
        self.ann.email = NEW
        token = self.consent._token()
        self.ann.email = "ann@example.com"
        self.assertIsNone(self.grant(token))

    def test_contact_without_address(self):
        self.ann.email = False
        self.assertEqual(self.grant(self.consent._token()), links.token.FULL)

    def asked(self, consent):
        """:return: the state and address of each request, the first one first"""
        requests = consent.request_ids.sorted("id")
        return requests.mapped(lambda one: (one.state, one.address))

    def test_addresses_that_were_asked(self):
        first = ("delivered", "ann@example.com")
        self.assertEqual(self.asked(self.consent), [first])
        self.consent._send_consent_notification()
        self.run_queue()
        self.assertEqual(self.asked(self.consent), [first] * 2)
        self.ann.email = NEW
        self.consent._send_consent_notification()
        self.run_queue()
        self.assertEqual(self.asked(self.consent), [first] * 2 + [("delivered", NEW)])

    def test_failed_request_asked_nobody(self):
        zoe = self._create_subject("Zoe", "zoe(at)example.com")
        self.generate()
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self.run_queue()
        self.assertEqual(self.asked(self.consent_of(zoe)), [("failed", False)])

    def test_delivery_that_is_told_twice(self):
        mail = self.env["mail.mail"].search([("res_id", "=", self.consent.id)])[-1:]
        self.assertTrue(mail)
        deliver(self.consent, mail)
        before = self.consent.read() + self.consent.request_ids.read()
        with self.at(self.later(days=1)):
            deliver(self.consent, mail)
        after = self.consent.read() + self.consent.request_ids.read()
        self.assertEqual(after, before)

    def test_link_of_when_there_was_no_address(self):
        """A refusal is taken from it, whatever the contact has since."""
        self.ann.email = False
        token = self.consent._token()
        self.ann.email = "ann@example.com"
        self.assertEqual(self.consent._grant(token), links.token.REFUSE)

    def test_old_form(self):
        token = self.old_token(self.consent)
        self.assertIsNone(self.grant(token), "only for what 18.0 mailed")
        set_fact(self.consent, old_link_address="ann@example.com")
        self.assertEqual(self.grant(token), links.token.FULL)
        self.ann.email = NEW
        self.assertEqual(self.grant(token), links.token.REFUSE)

    def test_old_form_without_address(self):
        self.ann.email = False
        set_fact(self.consent, old_link_address="")
        self.assertEqual(self.grant(self.old_token(self.consent)), links.token.FULL)

    def test_mailbox_of_a_merged_contact_only_refuses(self):
        """Nobody knows whether both contacts were the same person."""
        for consent in (self.consent, self.consent_of(self.luc)):
            set_fact(consent, old_link_address=consent.partner_id.email)
        loser = self.consent_of(self.luc)
        tokens = [loser._token(), self.old_token(loser)]
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.ann + self.luc).ids, self.ann
        )
        self.env.invalidate_all()
        for token in tokens:
            self.assertEqual(self.grant(token, loser), links.token.REFUSE)
        self.assertEqual(self.grant(loser._token(), loser), links.token.FULL)
        self.ann.email = NEW
        self.assertEqual(self.grant(tokens[0], loser), links.token.REFUSE)
        self.assertEqual(self.grant(loser._token(), loser), links.token.FULL)
        # whichever of the two the button is pressed on
        own = self.consent._token()
        loser.with_user(self.manager).action_invalidate_links()
        for token in tokens:
            self.assertEqual(self.grant(token, loser), links.token.REFUSE)
            self.assertIsNone(self.grant(token))
        self.assertEqual(self.grant(own), links.token.REFUSE)

    def test_merged_into_is_not_for_clients(self):
        """They could make a circle, in which the pages would never end."""
        other = self.consent_of(self.luc)
        for values in ({"merged_into_id": other.id}, {"token_partner_id": 1}):
            with self.assertRaisesRegex(UserError, "says what happened"):
                self.consent.with_user(self.manager).write(values)
        self.assertFalse(self.consent.merged_into_id)
        self.assertFalse(self.consent.token_partner_id)

    def test_invalidate(self):
        set_fact(self.consent, old_link_address="ann@example.com")
        tokens = [self.consent._token(), self.old_token(self.consent)]
        self.consent.with_user(self.manager).action_invalidate_links()
        for token in tokens:
            self.assertEqual(self.grant(token), links.token.REFUSE)
        self.assertEqual(self.grant(self.consent._token()), links.token.FULL)
        self.assertEqual(self.consent.event_ids[0].kind, "links_ended")
        self.assertIn("invalidated", self.consent.message_ids[0].body)
        other = self.consent_of(self.luc)
        self.assertEqual(self.grant(other._token(), other), links.token.FULL)

    def test_deleted_consent_before_one_of_the_same_address(self):
        twins = [self._create_subject(name, "twins@example.com") for name in ("T", "U")]
        self.generate()
        _first, last = sorted(map(self.consent_of, twins), key=lambda one: one.id)
        token, deleted = last._token(), last.id
        self.assertEqual(last._of_link(deleted, token), (last, links.token.FULL))
        last.unlink()
        found, grant = self.consent._of_link(deleted, token)
        self.assertFalse(found)
        self.assertIsNone(grant)

    def test_only_managers_invalidate(self):
        with self.assertRaises(AccessError):
            self.consent.with_user(self.reader).action_invalidate_links()

    def test_nobody_revives_links(self):
        self.consent.action_invalidate_links()
        for name, value in {
            "link_revocations": 0,
            "old_link_address": NEW,
        }.items():
            with self.assertRaisesRegex(UserError, "says what happened"):
                self.consent.with_user(self.manager).write({name: value})
        self.assertEqual(self.consent.link_revocations, 1)
        self.assertFalse(self.consent.old_link_address)
        with self.assertRaisesRegex(UserError, "Only the mail queue"):
            self.consent.request_ids.with_user(self.manager).sudo().address = NEW
        self.assertEqual(self.asked(self.consent), [("delivered", "ann@example.com")])

    def test_token_is_nowhere(self):
        secrets = [self.consent._token(), self.old_token(self.consent)]
        mails = self.env["mail.mail"].search([])
        for records in (self.consent, self.consent.message_ids, mails):
            exported = records.export_data(sorted(records._fields))["datas"]
            for text in (str(exported), str(records.sudo().read())):
                for secret in secrets:
                    self.assertNotIn(secret, text)


@tagged("post_install", "-at_install")
class TestLinksOnPages(LinksCase, HttpCase):
    def setUp(self):
        super().setUp()
        base = self.consent.get_base_url()
        self.accept = self.consent._url(True).removeprefix(base)
        self.reject = self.consent._url(False).removeprefix(base)

    def _move(self):
        """The request went to what is a former address now."""
        press(self.consent, True)
        self.ann.write({"name": "Ann Newname", "email": NEW})
        self.env.cr.flush()

    def _press(self, path, word):
        nonce = nonces(self.url_open(path).text)[word]
        target = path.replace("/accept/", f"/{word}/")
        page = self.url_open(target, data={"nonce": nonce})
        self.env.invalidate_all()
        return page

    def test_former_address_shows_nothing_new(self):
        self._move()
        for path in (self.accept, self.reject):
            page = self.url_open(path)
            self.assertEqual(page.status_code, 200)
            self.assertIn("Newsletter", page.text)
            for secret in ("Ann", "Your current answer", NEW, self.consent._token()):
                self.assertNotIn(secret, page.text)
            self.assertEqual(set(nonces(page.text)), {"reject", "ask"})

    def test_former_address_refuses(self):
        self._move()
        page = self._press(self.accept, "reject")
        self.assertIn("rejected", page.text)
        self.assertNotIn(self.consent._token(), page.text)
        self.assertFalse(self.consent.accepted)

    def test_former_address_cannot_accept(self):
        press(self.consent, False)
        nonce = nonces(self.url_open(self.accept).text)["accept"]
        self.ann.email = NEW
        self.env.cr.flush()
        page = self.url_open(self.accept, data={"nonce": nonce})
        self.assertIn("Nothing was recorded", page.text)
        self.env.invalidate_all()
        self.assertFalse(self.consent.accepted)

    def test_language_of_who_reads_the_former_address(self):
        self._move()
        page = self.url_open(self.accept, headers={"Accept-Language": "fr-CA"})
        self.assertIn('lang="fr-FR"', page.text)

    def test_invalidated_links_only_refuse(self):
        old = nonces(self.url_open(self.accept).text)["accept"]
        self.consent.action_invalidate_links()
        self.env.cr.flush()
        for path in (self.accept, self.reject):
            page = self.url_open(path)
            self.assertEqual(page.status_code, 200)
            self.assertEqual(set(nonces(page.text)), {"reject", "ask"})
            self.assertNotIn(self.consent._token(), page.text)
        page = self.url_open(self.accept, data={"nonce": old})
        self.assertIn("Nothing was recorded", page.text)
        self.env.invalidate_all()
        self.assertEqual(self.consent.state, "sent")
        self._press(self.accept, "reject")
        self.assertEqual(self.consent.status, "refused")

    def test_fresh_request(self):
        self._move()
        pages = [self._press(self.accept, "ask")]
        (mail,) = self.run_queue()
        self.assertEqual(mail.to, [NEW])
        self.assertEqual(mail.links()["accept"], self.consent._url(True))
        with RecordCapturer(self.env["mail.mail"]) as mails:
            pages.append(self._press(self.accept, "ask"))
            self.assertFalse(mails.records, "once a day is enough")
        with self.at(self.later(days=1, hours=1)):
            self._press(self.accept, "ask")
        self.assertEqual([mail.to for mail in self.run_queue()], [[NEW]])
        self.activity.write(
            {"consent_required": "manual", "consent_template_id": False}
        )
        with self.at(self.later(days=3)):
            pages.append(self._press(self.accept, "ask"))
        self.activity.consent_template_id = self.template
        self.consent.action_archive()
        with self.at(self.later(days=3)):
            pages.append(self._press(self.accept, "ask"))
        self.assertFalse(self.run_queue())
        for page in pages:
            self.assertIn("a fresh request is", page.text)
        self.assertEqual(len({_without_nonces(page.text) for page in pages}), 1)

    def test_fresh_request_needs_the_button(self):
        self._move()
        ask = self.accept.replace("/accept/", "/ask/")
        nonce = nonces(self.url_open(self.accept).text)["reject"]
        with RecordCapturer(self.env["mail.mail"]) as mails:
            for data in ({"nonce": ""}, {"nonce": nonce}):
                page = self.url_open(ask, data=data)
                self.assertIn("Nothing was recorded", page.text)
            self.assertEqual(self.url_open(ask).status_code, 200)
        self.assertFalse(mails.records)

    def test_wrong_links_all_look_the_same(self):
        wrong = self.accept.replace(self.consent._token(), "0" * 43)
        paths = [
            wrong,
            self.accept.replace(f"/{self.consent.id}/", "/999999999/"),
            self.accept.replace(f"/{self.consent.id}/", "/99999999999999/"),
            self.accept.replace(f"/{self.consent.id}/", f"/{'9' * 5000}/"),
            self.accept.replace(f"/{self.consent.id}/", "/-1/"),
            self.accept.replace("/accept/", "/perhaps/"),
            wrong.replace(self.env.cr.dbname, "no_such_database"),
            wrong.replace("/accept/", "/unsubscribe/"),
            wrong.replace("/accept/", "/ask/"),
            "/privacy/consent/accept/",
        ]
        pages = {}
        for path in paths:
            for method in ("GET", "POST"):
                response = self.url_open(
                    path, method=method, headers={"Accept-Language": "de-AT"}
                )
                self.assertEqual(response.status_code, 404, f"{method} {path}")
                headers = dict(response.headers)
                for varying in ("Date", "Set-Cookie"):
                    headers.pop(varying, None)
                pages[response.text, str(sorted(headers.items()))] = path
        self.assertEqual(len(pages), 1)
        ((text, headers),) = pages
        self.assertIn('<html lang="de" dir="ltr">', text)
        self.assertIn("no-referrer", headers)


def _without_nonces(html):
    for nonce in nonces(html).values():
        html = html.replace(nonce, "")
    return html
