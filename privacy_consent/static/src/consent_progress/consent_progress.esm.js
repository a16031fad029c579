// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {Component, onWillUnmount, useState} from "@odoo/owl";
import {formatInteger} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {useService} from "@web/core/utils/hooks";

const INTERVAL = 3000;

/** How many people were asked, got their mail and answered, while it happens. */
export class ConsentProgress extends Component {
    static template = "privacy_consent.ConsentProgress";
    static props = {...standardWidgetProps};

    setup() {
        this.formatInteger = formatInteger;
        this.orm = useService("orm");
        this.state = useState({progress: null});
        useRecordObserver((record) =>
            this.load(record.resId, record.data.asking_state)
        );
        onWillUnmount(() => clearTimeout(this.timer));
    }

    get bars() {
        const {eligible, generated, sent, answered} = this.state.progress;
        const share = (count) => (100 * count) / eligible;
        return [
            {name: "answered", width: share(answered)},
            {name: "sent", width: share(sent - answered)},
            {name: "generated", width: share(generated - sent)},
        ];
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
