from . import privacy_consent_pack
from . import privacy_consent_verify
from . import privacy_register
from . import privacy_activity_retention
from . import base_module_uninstall
from . import privacy_consent_seal_destination
