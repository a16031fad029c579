# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Data Privacy - Consents in Privacy Lookup",
    "summary": "Erase consents from Odoo's Privacy Lookup",
    "version": "19.0.1.0.0",
    "development_status": "Beta",
    "category": "Data Protection",
    "website": "https://github.com/OCA/data-protection",
    "author": "The privacy_consent authors, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "depends": ["privacy_consent", "privacy_lookup"],
    "auto_install": True,
    "data": ["wizards/privacy_lookup_wizard_views.xml"],
}
