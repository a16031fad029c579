from . import privacy_consent_pack
from . import privacy_consent_verify
