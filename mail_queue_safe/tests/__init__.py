# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_commit
from . import test_departures
from . import test_doors
from . import test_effects
from . import test_headers
from . import test_indexes
from . import test_limits
from . import test_read_ahead
from . import test_replies
from . import test_retry
from . import test_sight
from . import test_smtp_dialogue
from . import test_state
from . import test_verdicts
from . import test_wake_ups
from . import test_workers
