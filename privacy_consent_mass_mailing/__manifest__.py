# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Data Privacy - Consent for Mailings",
    "summary": "Mailings go only to who consented to them",
    "version": "19.0.1.0.0",
    "development_status": "Beta",
    "category": "Data Protection",
    "website": "https://github.com/OCA/data-protection",
    "author": "The privacy_consent authors, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "depends": ["mass_mailing", "privacy_consent"],
    "auto_install": True,
    "data": ["views/mailing_mailing_views.xml"],
}
