# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What officers find when they export, filter and group: nothing for programs."""

from odoo.models import MAGIC_COLUMNS

from .common import ConsentCase

# What there is beside what Odoo adds to each model. Whoever adds a field decides
# whether people need it here; if not, it is not ``exportable``.
OFFERED = {
    "privacy.activity": """
        active ask_with_id asked_count asked_with_ids asking_error asking_state
        asking_stopped change_note company_id confirmation_mail consent_count
        consent_ids consent_rate consent_required consent_template_id consent_text_ids
        controller_id data_category_ids default_consent deletion description
        earlier_text_count expiring_count failed_count given_count
        languages_without_text legal_basis life_sentence name one_click_answers
        open_count privacy_officer privacy_policy_url processing_country_ids
        processing_note processor_ids purpose_ids recipients refused_count
        reminder_count reminder_days renewal_days right_ids safeguard_ids sender_problem
        server_action_id storage_months subject_category_ids subject_domain subject_find
        usable_count uuid validity_months
    """,
    "privacy.consent": """
        accepted action_error active activity_id answer_channel answer_date
        answer_language answer_note answer_text_id answer_way answered_by company_id
        erasure_error event_ids failure_reason last_metadata lock_reason locked_until
        merged_into_id partner_id request_address request_ids request_state sent_date
        silent_since state status suspected_automated suspicion_reason uuid valid_until
    """,
    "privacy.consent.request": """
        activity_id address attempts bounce_type cause company_id consent_id
        delay_reason delivered_date ended_date kind next_attempt number reason state
        text_id uuid
    """,
    "privacy.consent.event": """
        activity_id answered_at at by by_label channel channel_label consent_id email
        kind kind_label language language_label network_address note person scan_ids
        signs signs_label staff text_id user_agent uuid
    """,
    "privacy.consent.event.detail": """
        email event_id name network_address note staff user_agent
    """,
    "privacy.consent.text": """
        answer_count at controller description hash language language_label name
        officer policy_url processing processors
    """,
}
OURS = {"privacy", "privacy_consent"}
ODOOS = {*MAGIC_COLUMNS, "display_name"}


class TestTechnicalFields(ConsentCase):
    def described(self, model):
        """:return: our fields of a model, as the web client of an officer knows them"""
        fields = self.env[model]._fields
        return {
            name: description
            for name, description in self.env[model]
            .with_user(self.manager)
            .fields_get()
            .items()
            if fields[name]._module in OURS and name not in ODOOS
        }

    def test_what_is_exported(self):
        for model, names in OFFERED.items():
            with self.subTest(model):
                exported = {
                    name
                    for name, description in self.described(model).items()
                    if description["exportable"]
                }
                self.assertEqual(exported, set(names.split()))

    def test_nothing_else_is_filtered_or_grouped_by(self):
        for model, names in OFFERED.items():
            for name, description in self.described(model).items():
                if name not in names.split():
                    with self.subTest(model=model, field=name):
                        for door in ("groupable", "searchable", "sortable"):
                            self.assertFalse(description[door])

    def test_programs_use_them_as_before(self):
        self.generate()
        found = self.env["privacy.consent"].search_read(
            [("link_revocations", "=", 0)], ["partner_id"], limit=1
        )
        self.assertTrue(found)
