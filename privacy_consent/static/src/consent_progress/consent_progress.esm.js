// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {_t} from "@web/core/l10n/translation";
import {Component, onWillUnmount, useState} from "@odoo/owl";
import {formatInteger} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {useService} from "@web/core/utils/hooks";

const INTERVAL = 3000;
// Which filters of the list of consents show whom a number counts.
const FILTERS = {
    generated: [],
    sent: ["sent"],
    answered: ["answered"],
    given: ["given"],
    refused: ["refused", "withdrawn"],
};

/** How many people were asked, got their mail and answered, while it happens. */
export class ConsentProgress extends Component {
    static template = "privacy_consent.ConsentProgress";
    static props = {...standardWidgetProps};

    setup() {
        this.formatInteger = formatInteger;
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({progress: null});
        useRecordObserver((record) =>
            this.load(record.resId, record.data.asking_state)
        );
        onWillUnmount(() => clearTimeout(this.timer));
    }

    get bars() {
        const {eligible, generated, answered, given, refused, unanswered, failed} =
            this.state.progress;
        const unreached = Math.min(failed, generated - answered - unanswered);
        const counts = {
            given,
            refused,
            ended: answered - given - refused,
            unanswered,
            failed: unreached,
            generated: generated - answered - unanswered - unreached,
        };
        return Object.entries(counts).map(([name, count]) => ({
            name,
            width: (100 * count) / eligible,
        }));
    }

    get numbers() {
        return [
            {name: "eligible", label: _t("Eligible"), color: ""},
            {name: "generated", label: _t("Generated"), color: "text-primary"},
            {name: "sent", label: _t("Sent"), color: "text-info"},
            {name: "answered", label: _t("Answered"), color: ""},
            {name: "given", label: _t("Given"), color: "text-success"},
            {name: "refused", label: _t("Refused"), color: "text-warning"},
            {name: "failed", label: _t("Could not be reached"), color: "text-danger"},
        ].map((number) => ({...number, count: this.state.progress[number.name]}));
    }

    /**
     * Open the list of the people whom a number counts.
     *
     * @param {String} name of the number
     */
    async open(name) {
        const {resId} = this.props.record;
        if (name === "eligible") {
            this.action.doAction(
                await this.orm.call("privacy.activity", "action_show_subjects", [resId])
            );
            return;
        }
        const additionalContext = {active_id: resId, active_ids: [resId]};
        for (const filter of FILTERS[name] || []) {
            additionalContext[`search_default_${filter}`] = 1;
        }
        this.action.doAction(
            name === "failed"
                ? "privacy_consent.consent_unreached_action"
                : "privacy_consent.activity_consent_action",
            {additionalContext}
        );
    }

    /**
     * Count anew, and again after a while for as long as there is something to do.
     *
     * @param {Number} activityId id of the activity, if it is saved
     */
    async load(activityId) {
        clearTimeout(this.timer);
        if (!activityId) {
            this.state.progress = null;
            return;
        }
        const progress = await this.orm.silent.call(
            "privacy.activity",
            "consent_progress",
            [activityId]
        );
        if (activityId !== this.props.record.resId) {
            // Somebody has gone on to another activity meanwhile.
            return;
        }
        this.state.progress = progress;
        if (["running", "waiting"].includes(progress.state)) {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.refresh(), INTERVAL);
        }
    }

    async refresh() {
        const {record} = this.props;
        if (document.hidden) {
            this.timer = setTimeout(() => this.refresh(), INTERVAL);
            return;
        }
        await this.load(record.resId);
        // The buttons depend on the state; what somebody is typing must not be lost.
        if (
            this.state.progress.state !== record.data.asking_state &&
            !(await record.isDirty())
        ) {
            await record.load();
        }
    }
}

registry.category("view_widgets").add("privacy_consent_progress", {
    component: ConsentProgress,
    fieldDependencies: [{name: "asking_state", type: "selection"}],
});
