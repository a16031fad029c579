from . import privacy_consent
from . import privacy_consent_leaf
from . import privacy_consent_seal
from . import privacy_consent_seal_departure
from . import privacy_consent_seal_verify
from . import privacy_activity_retention
