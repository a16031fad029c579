from . import mail_mail
from . import mail_template
from . import privacy_activity
from . import privacy_activity_generation
from . import privacy_consent
from . import res_partner
