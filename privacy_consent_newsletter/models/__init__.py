from . import (
    mailing_contact,
    mailing_list,
    mailing_mailing,
    mailing_subscription,
    privacy_consent,
    privacy_consent_form,
)
