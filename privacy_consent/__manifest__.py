# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Data Privacy - Consent",
    "summary": "Ask people for consent before processing their data, and prove it",
    "version": "19.0.1.0.0",
    "development_status": "Beta",
    "category": "Data Protection",
    "website": "https://github.com/OCA/data-protection",
    "author": "The privacy_consent authors, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "depends": ["privacy"],
    "data": [
        "security/ir.model.access.csv",
        "security/privacy_consent_rules.xml",
        "data/mail_message_subtype.xml",
        "data/mail_template.xml",
        "data/ir_actions_server.xml",
        "data/ir_cron.xml",
        "templates/consent_page.xml",
        "templates/preferences_page.xml",
        "views/privacy_consent_views.xml",
        "views/privacy_activity_views.xml",
        "views/res_partner_views.xml",
        "wizards/privacy_consent_ask_views.xml",
    ],
    "assets": {
        "web.assets_backend": ["privacy_consent/static/src/**/*"],
        "web.assets_tests": ["privacy_consent/static/tests/tours/**/*"],
    },
    "demo": [
        "demo/res_partner.xml",
        "demo/privacy_activity.xml",
        "demo/privacy_activity_translations.xml",
    ],
}
