# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everybody who may not call a public method is refused, and nothing changes."""

import sys
from inspect import isroutine
from unittest.mock import Mock, patch

from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import tagged
from odoo.tools import mute_logger

from . import rights_matrix
from .rights_matrix import entries
from .rights_matrix.case import ADDONS, SESSION_EXPIRED, RightsMatrixCase
from .rights_matrix.entries import Call

ACCESS_ERROR = f"{AccessError.__module__}.{AccessError.__name__}"


def is_ours(module):
    """:return: whether a module of Python belongs to our addons"""
    parts = module.split(".")
    return parts[:2] == ["odoo", "addons"] and parts[2] in ADDONS


@tagged("post_install", "-at_install")
class TestRightsMatrix(RightsMatrixCase):
    """Each public method and page of our addons, for each role."""

    def setUp(self):
        super().setUp()
        # Each refusal is logged.
        self.enterContext(
            mute_logger(
                "odoo.addons.base.models.ir_model",
                "odoo.addons.base.models.ir_rule",
                "odoo.http",
            )
        )
        self.enterContext(self.mock_smtplib_connection())

    def calls(self):
        """:return: the calls of the table to what is installed"""
        calls = [
            call
            for addon, calls in rights_matrix.CALLS_BY_ADDON.items()
            if addon in self.registry._init_modules
            for call in calls
        ]
        return calls + [
            call
            for model, calls in rights_matrix.CALLS_BY_MODEL.items()
            if model in self.registry
            for call in calls
        ]

    def pages(self):
        """:return: the pages of the table that are installed"""
        return [
            page
            for addon, pages in rights_matrix.PAGES_BY_ADDON.items()
            if addon in self.registry._init_modules
            for page in pages
        ]

    def public_methods(self):
        """:return: the names of the public methods that our addons define"""
        names = {
            f"{model}.{method}"
            for model, model_class in self.registry.items()
            for definition in model_class._model_classes__
            if is_ours(definition.__module__)
            for method, value in vars(definition).items()
            if isroutine(value)
        }
        # Odoo defines these on each model.
        names |= {
            f"{model}.{method}"
            for model, model_class in self.registry.items()
            if model_class._original_module in ADDONS
            for method in ("create", "write", "unlink")
        }
        return {name for name in names if self.is_public(name)}

    def is_public(self, name):
        """:return: whether there is such a method, and clients may call it"""
        model, _dot, method = name.rpartition(".")
        try:
            return bool(get_public_method(self.env[model], method))
        except (AccessError, AttributeError, KeyError):
            return False

    def routes(self):
        """:return: the paths of the pages that our addons define

        The same page in capital letters is one.
        """
        router = self.env["ir.http"]
        rules = router._generate_routing_rules(
            sorted(self.registry._init_modules), router._get_converters()
        )
        return {
            entries.path_of(url).lower()
            for url, endpoint in rules
            for controller in type(endpoint.func.__self__).mro()
            if is_ours(controller.__module__) and endpoint.__name__ in vars(controller)
        }

    def test_the_table_is_complete(self):
        calls = {call.name for call in self.calls()}
        pages = {page.name for page in self.pages()}
        for name in sorted(self.public_methods() - calls):
            with self.subTest(name):
                self.fail(
                    f"{name}() is public: add a Call() to tests/rights_matrix that "
                    "says who may call it, or decorate it with @api.private."
                )
        for name in sorted(self.routes() - pages):
            with self.subTest(name):
                self.fail(
                    f"{name} is open: add a Page() to tests/rights_matrix that says "
                    "who may use it."
                )
        for name in sorted(filter(lambda name: not self.is_public(name), calls)):
            with self.subTest(name):
                self.fail(f"{name}() is no public method: remove its Call().")
        for name in sorted(pages - self.routes()):
            with self.subTest(name):
                self.fail(f"{name} does not exist: remove its Page().")

    def log_in(self, role):
        """Have somebody of this role at work, and logged in."""
        self.use(role)
        login = role != entries.ANONYMOUS and self.user.login
        self.authenticate(login, login)

    def changed(self, before):
        """:return: table and id of the rows that are not what they were"""
        return sorted({row[:2] for row in self.rows() ^ before})

    def tasks(self, table):
        """:return: the roles, each with the entries of the table that it tries"""
        for role in self.users:
            is_tried = role in entries.ROLES
            yield role, [one for one in table if is_tried or role in one.allowed]

    def try_calls(self, calls):
        """Have each role call each of these by both doors."""
        doors = {"call_kw": self.by_call_kw, "/json/2": self.by_json_2}
        for role, tried in self.tasks(calls):
            self.log_in(role)
            before = self.rows()
            refusal = SESSION_EXPIRED if role == entries.ANONYMOUS else ACCESS_ERROR
            for call in tried:
                for door, send in doors.items():
                    with self.subTest(f"{call} as {role} by {door}"), self.undone():
                        result, error = send(call)
                        self.env.invalidate_all()
                        if role in call.allowed:
                            self.assertIsNone(error)
                            self.assertTrue(call.works(self, result))
                        else:
                            self.assertEqual(
                                (error, self.changed(before)), (refusal, [])
                            )

    def test_methods(self):
        self.try_calls(self.calls())

    def test_who_sends_after_the_commit(self):
        """What follows a commit has superuser rights, and Odoo's tests leave it out."""
        module = self.registry["mail.mail"].send_after_commit.__module__
        call = Call("mail.mail.send_after_commit", "mail", what="outside of tests")
        no_test = Mock(module=Mock(current_test=None))
        with patch.object(sys.modules[module], "modules", no_test):
            self.try_calls([call] if is_ours(module) else [])

    def test_pages(self):
        for role, pages in self.tasks(self.pages()):
            self.log_in(role)
            before = self.rows()
            for page in pages:
                with self.subTest(f"{page} as {role}"), self.undone():
                    response = page.send(self)
                    self.env.invalidate_all()
                    if role in page.allowed:
                        self.assertEqual(response.status_code, 200)
                        self.assertTrue(page.works(self))
                    else:
                        self.assertTrue(page.refused(response), response.status_code)
                        self.assertEqual(self.changed(before), [])
