from . import (
    ir_http,
    ir_qweb,
    privacy_activity,
    privacy_consent,
    privacy_consent_form,
    privacy_consent_form_pending,
    privacy_consent_form_unconfirmed,
    website,
    website_page,
)
