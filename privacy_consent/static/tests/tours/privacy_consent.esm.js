// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

/** A data protection officer creates an activity, asks, and opens a consent. */
registry.category("web_tour.tours").add("privacy_consent_generate", {
    steps: () => [
        {trigger: ".o-kanban-button-new", run: "click"},
        {trigger: "[name=name] input, [name=name] textarea", run: "edit Tour letter"},
        {trigger: ".o_notebook .nav-link[name=consent]", run: "click"},
        {
            content: "Options are hidden until somebody is asked",
            trigger: ".tab-pane:not(:has([name=consent_template_id]))",
        },
        {trigger: "[name=consent_required] input", run: "click"},
        {
            trigger: ".o_select_menu_item:contains(Automatically)",
            run: "click",
        },
        {
            content: "The shipped template is chosen, and the filter counts contacts",
            trigger:
                "[name=consent_template_id] input:value(Consent to data processing)",
        },
        {trigger: "[name=subject_domain]:contains(record(s))"},
        {trigger: ".o_form_button_save", run: "click"},
        {
            trigger: "button[name=action_confirm_new_consents]:contains(Ask who)",
            run: "click",
        },
        {trigger: ".modal [name=subject_count]:not(:contains(/^0$/))"},
        {
            trigger: ".modal button[name=action_ask]",
            run: "click",
        },
        {
            trigger:
                ".o_data_row:contains(Tour letter):contains(Tour Subject) td.o_data_cell",
            run: "click",
        },
        {trigger: ".o_form_view [name=state] .o_arrow_button_current:contains(Draft)"},
        {trigger: ".o-mail-Message:contains(created)"},
        {trigger: ".breadcrumb .o_back_button, .o_back_button", run: "click"},
        {trigger: ".breadcrumb-item:contains(Tour letter) a", run: "click"},
        {trigger: ".o-mail-Message:contains(people asked)"},
        {trigger: ".o_notebook .nav-link[name=consent]", run: "click"},
        {
            content: "The progress bar counts, and what has not left can be stopped",
            trigger: ".o_privacy_consent_progress:contains(Generated)",
        },
        {trigger: "button[name=action_stop_asking]", run: "click"},
        {trigger: ".alert:contains(Asking is stopped)"},
        {
            trigger: "button[name=action_confirm_new_consents]:contains(Continue)",
            run: "click",
        },
        {trigger: ".modal button[name=action_ask]", run: "click"},
        {trigger: "button[name=action_stop_asking]"},
    ],
});
