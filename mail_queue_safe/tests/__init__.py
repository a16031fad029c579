# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_effects
from . import test_retry_policy
from . import test_sight
from . import test_smtp_dialogue
from . import test_state
from . import test_workers
