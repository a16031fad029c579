# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Data Privacy - Consent on the Website",
    "summary": "A box in website forms that becomes a consent, confirmed by mail",
    "version": "19.0.1.0.0",
    "development_status": "Beta",
    "category": "Data Protection",
    "website": "https://github.com/OCA/data-protection",
    "author": "The privacy_consent authors, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "depends": ["privacy_consent_portal", "website"],
    "data": [
        "security/ir.model.access.csv",
        "data/ir_cron.xml",
        "templates/account.xml",
        "templates/consent_box.xml",
        "templates/signup.xml",
        "views/privacy_activity_views.xml",
    ],
    "uninstall_hook": "uninstall_hook",
    "assets": {
        "website.website_builder_assets": [
            "privacy_consent_website/static/src/website_builder/**/*"
        ],
        "web.assets_tests": ["privacy_consent_website/static/tests/tours/**/*"],
    },
}
