from . import base_partner_merge_automatic_wizard
from . import mail_compose_message
from . import privacy_consent_ask
from . import privacy_consent_ask_selected
from . import privacy_consent_confirm
from . import privacy_consent_erase
