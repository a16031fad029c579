// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {BaseOptionComponent} from "@html_builder/core/utils";
import {BuilderAction} from "@html_builder/core/builder_action";
import {Plugin} from "@html_editor/plugin";
import {onWillStart} from "@odoo/owl";
import {registry} from "@web/core/registry";

export class ConsentBoxOption extends BaseOptionComponent {
    static template = "privacy_consent_website.ConsentBoxOption";
    static selector = ".s_privacy_consent";
    static dependencies = ["privacyConsentBox"];

    setup() {
        super.setup();
        this.activities = [];
        onWillStart(async () => {
            this.activities =
                await this.dependencies.privacyConsentBox.fetchActivities();
        });
    }
}

/** Which activity a box is about. The server renders the box, here and on each page. */
class ConsentActivityAction extends BuilderAction {
    static id = "consentActivity";
    static dependencies = ["privacyConsentBox"];

    isApplied({editingElement, value}) {
        return editingElement.dataset.consentActivity === value;
    }
    load({value}) {
        return this.dependencies.privacyConsentBox.fetchBox(value);
    }
    apply({editingElement, value, loadResult}) {
        editingElement.dataset.consentActivity = value;
        editingElement.innerHTML = loadResult;
    }
}

class ConsentBoxPlugin extends Plugin {
    static id = "privacyConsentBox";
    static shared = ["fetchActivities", "fetchBox"];
    resources = {
        builder_options: [ConsentBoxOption],
        builder_actions: {ConsentActivityAction},
        dropzone_selector: [
            {
                selector: ".s_privacy_consent",
                dropNear: ".s_website_form_field",
                excludeAncestor: ".s_privacy_consent",
            },
        ],
        on_snippet_dropped_handlers: this.onSnippetDropped.bind(this),
        clean_for_save_handlers: this.cleanForSave.bind(this),
    };

    async fetchActivities() {
        this.activities ??= await this.services.orm.call(
            "privacy.activity",
            "website_offers",
            []
        );
        return this.activities;
    }

    fetchBox(activityId) {
        return this.services.orm.call("privacy.activity", "website_box", [
            parseInt(activityId, 10),
        ]);
    }

    async onSnippetDropped({snippetEl}) {
        if (!snippetEl.matches(".s_privacy_consent")) {
            return;
        }
        const [first] = await this.fetchActivities();
        if (first) {
            snippetEl.dataset.consentActivity = first.id;
            snippetEl.innerHTML = await this.fetchBox(first.id);
        }
    }

    /** The server renders boxes: where it cannot any more, none promises anything. */
    cleanForSave({root}) {
        for (const box of root.querySelectorAll("[data-consent-activity]")) {
            box.replaceChildren();
        }
    }
}

registry.category("website-plugins").add(ConsentBoxPlugin.id, ConsentBoxPlugin);
