# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Data Privacy - Consent to Newsletters",
    "summary": "Who subscribes on the website confirms it by mail, with proof",
    "version": "19.0.1.0.0",
    "development_status": "Beta",
    "category": "Data Protection",
    "website": "https://github.com/OCA/data-protection",
    "author": "The privacy_consent authors, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "depends": [
        "privacy_consent_mass_mailing",
        "privacy_consent_website",
        "website_mass_mailing",
    ],
    "auto_install": True,
    "data": ["views/mailing_list_views.xml"],
    "assets": {
        "website.website_builder_assets": [
            "privacy_consent_newsletter/static/src/website_builder/**/*"
        ],
        "web.assets_tests": ["privacy_consent_newsletter/static/tests/tours/**/*"],
    },
}
