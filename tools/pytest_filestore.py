# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A pytest plugin: each process that runs tests has a filestore of its own.

pytest-odoo lets all of them use one. After each class Odoo deletes the files there that
its own database does not know, and so those of another process at work.
"""

import shutil
from contextlib import contextmanager

import pytest_odoo

from . import settings


@contextmanager
def _own_filestore(original, name):
    filestores = settings.DATA_DIR / "filestore"
    if original == name:
        yield
        return
    shutil.copytree(filestores / original, filestores / name, dirs_exist_ok=True)
    try:
        yield
    finally:
        shutil.rmtree(filestores / name, ignore_errors=True)


pytest_odoo._shared_filestore = _own_filestore
