from . import ir_http, ir_qweb, privacy_activity, privacy_consent_form, website_page
