// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {clickOnSave, registerWebsitePreviewTour} from "@website/js/tours/tour_utils";
import {registry} from "@web/core/registry";

const BOX = ".s_website_form .s_privacy_consent";

registerWebsitePreviewTour(
    "privacy_consent_website_build",
    {url: "/contactus", edition: true},
    () => [
        {
            content: "Drag the box into the form",
            trigger: ".o_block_tab .o_snippet[name='Consent'] .o_snippet_thumbnail",
            run: "drag_and_drop :iframe .s_website_form_field:has([name=email_from])",
        },
        {
            content: "It is about the first activity that is offered",
            trigger: `:iframe ${BOX} label:contains(A letter)`,
            run: "click",
        },
        {
            content: "Choose another one",
            trigger: "[data-label='Consent to'] .dropdown-toggle",
            run: "click",
        },
        {
            trigger: ".o_popover .o-dropdown-item:contains(Tour letter)",
            run: "click",
        },
        {trigger: `:iframe ${BOX} label:contains(Tour letter)`},
        {
            content: "The form cannot work without it",
            trigger: "[data-label='Required'] input",
            run: "click",
        },
        ...clickOnSave(),
        {trigger: `:iframe ${BOX} input:required`},
    ]
);

const fill = (name, value) => ({
    trigger: `.s_website_form [name=${name}]`,
    run: `edit ${value}`,
});

registry.category("web_tour.tours").add("privacy_consent_website_submit", {
    url: "/contactus",
    steps: () => [
        fill("name", "Kim Lee"),
        fill("email_from", "kim@example.com"),
        fill("subject", "A question"),
        fill("description", "What do you offer?"),
        {
            content: "Nothing is ticked, and it is required",
            trigger: `${BOX} input:not(:checked)`,
        },
        {trigger: ".s_website_form_send", run: "click"},
        {trigger: ".s_website_form .o_has_error.s_privacy_consent"},
        {trigger: `${BOX} input`, run: "check"},
        {trigger: ".s_website_form_send", run: "click", expectUnloadPage: true},
        {trigger: "#wrap:contains(Thank You)"},
    ],
});

registry.category("web_tour.tours").add("privacy_consent_website_without_box", {
    url: "/contactus",
    steps: () => [
        fill("name", "Eve"),
        fill("email_from", "eve@example.com"),
        fill("subject", "A question"),
        fill("description", "What do you offer?"),
        {trigger: `${BOX}:not(:has(input)):not(:visible)`},
        {trigger: ".s_website_form_send", run: "click", expectUnloadPage: true},
        {trigger: "#wrap:contains(Thank You)"},
    ],
});
