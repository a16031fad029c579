# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Mail Queue Safe",
    "summary": "A mail queue that workers share, and that a crash does not repeat",
    "version": "19.0.1.0.0",
    "development_status": "Beta",
    "category": "Discuss",
    "website": "https://github.com/OCA/data-protection",
    "author": "The privacy_consent authors, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "depends": ["mail"],
    "data": [
        "security/ir.model.access.csv",
        "views/ir_mail_server_views.xml",
        "views/mail_mail_views.xml",
        "views/mail_queue_views.xml",
        "views/mail_queue_outage_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "assets": {"web.assets_backend": ["mail_queue_safe/static/src/**/*"]},
    "uninstall_hook": "uninstall_hook",
}
