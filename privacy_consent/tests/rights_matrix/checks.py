# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is tried with the table: whether it is complete, and each entry by each role."""

from inspect import isroutine

from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tools import mute_logger

from . import entries
from .case import SESSION_EXPIRED, RightsMatrixCase

ACCESS_ERROR = f"{AccessError.__module__}.{AccessError.__name__}"


class RightsMatrixChecks(RightsMatrixCase):
    """Each public method and page of some addons, for each role.

    :cvar addons: their names
    :cvar calls_by_addon: entries of the table by the name of the addon
    :cvar calls_by_model: entries by the name of the model
    :cvar pages_by_addon: entries by the name of the addon
    """

    addons = ()
    calls_by_addon = {}
    calls_by_model = {}
    pages_by_addon = {}

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

    def is_ours(self, module):
        """:return: whether a module of Python belongs to these addons"""
        parts = module.split(".")
        return parts[:2] == ["odoo", "addons"] and parts[2] in self.addons

    def calls(self):
        """:return: the calls of the table to what is installed"""
        calls = [
            call
            for addon, calls in self.calls_by_addon.items()
            if addon in self.registry._init_modules
            for call in calls
        ]
        return calls + [
            call
            for model, calls in self.calls_by_model.items()
            if model in self.registry
            for call in calls
        ]

    def pages(self):
        """:return: the pages of the table that are installed"""
        return [
            page
            for addon, pages in self.pages_by_addon.items()
            if addon in self.registry._init_modules
            for page in pages
        ]

    def public_methods(self):
        """:return: the names of the public methods that our addons define"""
        names = {
            f"{model}.{method}"
            for model, model_class in self.registry.items()
            for definition in model_class._model_classes__
            if self.is_ours(definition.__module__)
            for method, value in vars(definition).items()
            if isroutine(value)
        }
        # Odoo defines these on each model.
        names |= {
            f"{model}.{method}"
            for model, model_class in self.registry.items()
            if model_class._original_module in self.addons
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
        """:return: the paths of the pages that our addons define"""
        router = self.env["ir.http"]
        rules = router._generate_routing_rules(
            sorted(self.registry._init_modules), router._get_converters()
        )
        return {
            entries.path_of(url)
            for url, endpoint in rules
            for controller in type(endpoint.func.__self__).mro()
            if self.is_ours(controller.__module__)
            and endpoint.__name__ in vars(controller)
        }

    def check_complete(self):
        """Fail for what has no entry, and for entries of what does not exist."""
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

    def try_pages(self, pages):
        """Have each role open each of these."""
        for role, tried in self.tasks(pages):
            self.log_in(role)
            before = self.rows()
            for page in tried:
                with self.subTest(f"{page} as {role}"), self.undone():
                    response = page.send(self)
                    self.env.invalidate_all()
                    if role in page.allowed:
                        self.assertEqual(response.status_code, 200)
                        self.assertTrue(page.works(self))
                    else:
                        self.assertTrue(page.refused(response), response.status_code)
                        self.assertEqual(self.changed(before), [])
