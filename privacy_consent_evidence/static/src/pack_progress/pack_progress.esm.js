// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {Component, onWillUnmount, useState} from "@odoo/owl";
import {formatInteger} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

const INTERVAL = 1000;

/** How many consents a proof pack has so far, while the server writes it. */
export class PackProgress extends Component {
    static template = "privacy_consent_evidence.PackProgress";
    static props = {...standardWidgetProps};

    setup() {
        this.formatInteger = formatInteger;
        this.orm = useService("orm");
        this.state = useState({written_count: 0, total_count: 0});
        const timer = setInterval(() => this.load(), INTERVAL);
        onWillUnmount(() => clearInterval(timer));
    }

    get isComplete() {
        return (
            this.state.total_count &&
            this.state.written_count === this.state.total_count
        );
    }

    async load() {
        const {resId, resModel} = this.props.record;
        if (!resId || document.hidden || this.isComplete) {
            return;
        }
        const [found] = await this.orm.silent.searchRead(
            resModel,
            [["id", "=", resId]],
            ["written_count", "total_count"]
        );
        Object.assign(this.state, found);
    }
}

registry.category("view_widgets").add("privacy_consent_pack_progress", {
    component: PackProgress,
});
