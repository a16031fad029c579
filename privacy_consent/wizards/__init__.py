from . import base_partner_merge_automatic_wizard
from . import privacy_consent_ask
from . import privacy_consent_confirm
from . import privacy_consent_erase
