# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How the table says who may do what.

The functions in an entry get the test, which has the records: see ``case.py``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

ROLES = ANONYMOUS, PORTAL, EMPLOYEE, RECORDER, READER, MANAGER, OFFICER = (
    "anonymous",
    "portal",
    "employee",
    "recorder",
    "reader",
    "manager",
    "manager of another company",
)
# Only where nobody else is allowed, so that each method is seen to work.
ADMINISTRATOR = "administrator"
NOBODY = ()
EVERY_USER = ROLES[1:]


@dataclass(frozen=True)
class Call:
    """One way to call a public method.

    :ivar name: the model and the method
    :ivar on: the attribute of the test with the records; empty for none
    :ivar parameters: by name, or a function that returns them
    :ivar allowed: the roles for which it works; all others are refused
    :ivar works: tells, from the result and the database, whether the method did its
        work; None where nobody is allowed
    :ivar what: which of several calls of the method it is
    """

    name: str
    on: str = ""
    parameters: dict | Callable = field(default_factory=dict)
    allowed: tuple = NOBODY
    works: Callable | None = None
    what: str = ""

    def __str__(self):
        return f"{self.name} {self.what}".strip()

    @property
    def model(self):
        """The name of the model."""
        return self.name.rpartition(".")[0]

    @property
    def method(self):
        """The name of the method."""
        return self.name.rpartition(".")[2]

    def parameters_of(self, test):
        """:return: the parameters by name"""
        parameters = self.parameters
        return parameters(test) if callable(parameters) else parameters


@dataclass(frozen=True)
class Page:
    """One way to open a page, or to press a button on it.

    :ivar name: the path, as :func:`path_of` writes it
    :ivar send: sends the requests, and returns the last response
    :ivar allowed: as of :class:`Call`
    :ivar works: tells from the database whether the page did its work
    :ivar refused: tells from the response whether the visitor was refused
    :ivar what: which of several requests it is
    """

    name: str
    send: Callable
    allowed: tuple = NOBODY
    works: Callable | None = None
    refused: Callable = lambda response: response.status_code == 404
    what: str = ""

    def __str__(self):
        return f"{self.name} {self.what}".strip()


def path_of(rule):
    """:return: the path of a routing rule, with no more of parameters than names"""
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", r"<\1>", rule)


def nobody_keeps(model, on, **values):
    """:return: the calls with which somebody would change records of a model"""
    return [
        Call(f"{model}.create", parameters={"vals_list": [values]}),
        Call(f"{model}.write", on, {"vals": values}),
        Call(f"{model}.unlink", on),
    ]
