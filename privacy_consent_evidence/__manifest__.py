# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Data Privacy - Evidence of Consents",
    "summary": "Proof of consents that holds against the owner of the database, too",
    "version": "19.0.1.0.0",
    "development_status": "Beta",
    "category": "Data Protection",
    "website": "https://github.com/OCA/data-protection",
    "author": "The privacy_consent authors, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "depends": ["privacy_consent"],
    "external_dependencies": {"python": ["asn1crypto", "cryptography"]},
    "auto_install": True,
    "data": [
        "security/ir.model.access.csv",
        "security/privacy_consent_evidence_rules.xml",
        "data/mail_activity_type.xml",
        "data/ir_cron.xml",
        "templates/proof_pack.xml",
        "templates/receipt.xml",
        "wizards/privacy_consent_pack_views.xml",
        "wizards/privacy_consent_verify_views.xml",
        "views/privacy_consent_views.xml",
        "views/privacy_consent_seal_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "uninstall_hook": "uninstall_hook",
}
