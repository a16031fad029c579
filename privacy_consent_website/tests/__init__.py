# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_account
from . import test_builder
from . import test_form
from . import test_form_fields
from . import test_mailboxes
from . import test_networks
from . import test_rights
from . import test_unconfirmed
