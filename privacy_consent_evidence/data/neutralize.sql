-- A copy for tests sends no seals to anybody. It makes none either: see _seals_here().
DELETE FROM ir_config_parameter
WHERE key IN (
    'privacy_consent_evidence.seal_addresses', 'privacy_consent_evidence.stamp_url'
);
