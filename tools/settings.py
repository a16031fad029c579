# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where everything is, and what the person may choose."""

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Distinguishes clones that share a PostgreSQL server or a folder of the machine.
CLONE_ID = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]

VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements.txt"

DEV = ROOT / ".dev"
CONF = DEV / "odoo.conf"
DATA_DIR = DEV / "data"
LOGS = DEV / "log"

# For the database server, where this clone's own folder does not do.
MACHINE_FOLDER = Path("/var/lib/privacy-consent-odoo") / CLONE_ID
SHORT_FOLDER = Path("/tmp") / f"privacy-consent-{CLONE_ID}"

CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "privacy-consent-odoo"
)

ODOO_SERIES = (19, 0)
ODOO_HOME = os.environ.get("ODOO_HOME")
ODOO_PACKAGE = "odoo-19"
ODOO_REPOSITORY = "https://github.com/odoo/odoo"
ODOO_BRANCH = "19.0"


def addons():
    """The folders of this repository's addons."""
    return sorted(manifest.parent for manifest in ROOT.glob("*/__manifest__.py"))
