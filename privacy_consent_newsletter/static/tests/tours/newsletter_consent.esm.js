// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {
    clickOnSave,
    goBackToBlocks,
    insertSnippet,
    registerWebsitePreviewTour,
} from "@website/js/tours/tour_utils";
import {registry} from "@web/core/registry";

const CHOICE = "[data-label='Ask for consent to'] .dropdown-toggle";

registerWebsitePreviewTour(
    "privacy_consent_newsletter_build",
    {url: "/", edition: true},
    () => [
        ...insertSnippet({
            id: "s_newsletter_block",
            name: "Newsletter Block",
            groupName: "Contact & Forms",
        }),
        {trigger: ":iframe .s_newsletter_block h2", run: "click"},
        {
            content: "The list asks for nothing yet",
            trigger: `${CHOICE}:contains(Nothing)`,
            run: "click",
        },
        {
            trigger: ".o_popover .o-dropdown-item:contains(A letter)",
            run: "click",
        },
        {trigger: `${CHOICE}:contains(A letter)`},
        goBackToBlocks(),
        ...insertSnippet({
            id: "s_newsletter_subscribe_popup",
            name: "Newsletter Popup",
            groupName: "Contact & Forms",
        }),
        {trigger: ":iframe .o_newsletter_popup .modal:visible"},
        ...clickOnSave(),
    ]
);

registry.category("web_tour.tours").add("privacy_consent_newsletter_subscribe", {
    url: "/",
    steps: () => [
        {
            content: "The popup opens by itself",
            trigger: ".o_newsletter_popup .modal.modal_shown input[name=email]",
            run: "edit lou@example.com",
        },
        {trigger: ".modal.modal_shown.show .js_subscribe_btn", run: "click"},
        {trigger: "body:has(.o_newsletter_popup:not(:visible) .modal)"},
        {
            trigger: ".s_newsletter_block input[name=email]",
            run: "edit kim@example.com",
        },
        {trigger: ".s_newsletter_block .js_subscribe_btn", run: "click"},
        {trigger: ".o_notification:contains(we sent you a message)"},
        {trigger: ".s_newsletter_block .js_subscribed_wrap:visible"},
    ],
});
