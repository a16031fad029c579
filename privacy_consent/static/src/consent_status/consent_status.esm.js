// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {BadgeField, badgeField} from "@web/views/fields/badge/badge_field";
import {registry} from "@web/core/registry";

const ICONS = {
    expired: "fa-hourglass-end",
    given: "fa-check",
    invalidated: "fa-refresh",
    refused: "fa-times",
    requested: "fa-clock-o",
    unknown: "fa-circle-o",
    withdrawn: "fa-undo",
};

/** Where a consent stands, in words and with an icon: not everybody sees colours. */
export class ConsentStatus extends BadgeField {
    static template = "privacy_consent.ConsentStatus";

    get icon() {
        const {data} = this.props.record;
        return data.suspected_automated ? "fa-question" : ICONS[data[this.props.name]];
    }
}

registry.category("fields").add("privacy_consent_status", {
    ...badgeField,
    component: ConsentStatus,
    fieldDependencies: [{name: "suspected_automated", type: "boolean"}],
});
