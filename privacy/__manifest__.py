# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Data Privacy",
    "summary": "Register of data processing activities",
    "version": "19.0.1.0.0",
    "development_status": "Beta",
    "category": "Data Protection",
    "website": "https://github.com/OCA/data-protection",
    "author": "The privacy_consent authors, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "application": True,
    "depends": ["mail"],
    "data": [
        "security/data_protection.xml",
        "security/ir.model.access.csv",
        "security/privacy_activity_rules.xml",
        "views/data_protection_menus.xml",
        "views/privacy_activity_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "demo": ["demo/privacy_activity.xml"],
}
