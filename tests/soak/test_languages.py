# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every language in which a subject may read mails and pages."""

import pytest
from test_translations import LANGUAGES, check_language, what_subjects_read


@pytest.fixture(scope="module")
def read(new_database):
    return what_subjects_read(new_database("portal"), LANGUAGES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_subjects_read_their_language(lang, read):
    check_language(lang, read)
