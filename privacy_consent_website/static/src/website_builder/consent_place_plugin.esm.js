// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {BuilderAction} from "@html_builder/core/builder_action";
import {ConsentBoxOption} from "./consent_box_plugin.esm";
import {Plugin} from "@html_editor/plugin";
import {onWillStart} from "@odoo/owl";
import {registry} from "@web/core/registry";

/** What the box is about in a form into which nobody can drag one. */
class ConsentPlaceOption extends ConsentBoxOption {
    static template = "privacy_consent_website.ConsentPlaceOption";
    static groups = ["website.group_website_designer"];
    static editableOnly = false;
    static dependencies = [...ConsentBoxOption.dependencies, "privacyConsentPlace"];

    setup() {
        super.setup();
        this.field = this.constructor.field;
        onWillStart(() => this.dependencies.privacyConsentPlace.fetchPlaces());
    }
}

class EventConsentOption extends ConsentPlaceOption {
    static selector = "main:has(.o_wevent_event)";
    static field = "consent_event_id";
}

class CheckoutConsentOption extends ConsentPlaceOption {
    static selector = "main:has(.oe_website_sale .o_wizard)";
    static field = "consent_checkout_id";
}

/** It is the website's, and stored at once. */
class ConsentPlaceAction extends BuilderAction {
    static id = "consentPlace";
    static dependencies = ["privacyConsentPlace"];

    setup() {
        this.preview = false;
        this.reload = {};
    }
    isApplied({params, value}) {
        return (
            this.dependencies.privacyConsentPlace.getPlace(params.mainParam) === value
        );
    }
    apply({params, value}) {
        return this.dependencies.privacyConsentPlace.setPlace(params.mainParam, value);
    }
}

class ConsentPlacePlugin extends Plugin {
    static id = "privacyConsentPlace";
    static shared = ["fetchPlaces", "getPlace", "setPlace"];
    resources = {
        builder_options: [EventConsentOption, CheckoutConsentOption],
        builder_actions: {ConsentPlaceAction},
    };

    get websiteId() {
        return this.services.website.currentWebsite.id;
    }

    async fetchPlaces() {
        if (!this.places) {
            const fields = [EventConsentOption.field, CheckoutConsentOption.field];
            const [website] = await this.services.orm.read(
                "website",
                [this.websiteId],
                fields,
                {load: ""}
            );
            this.places = website;
        }
    }

    getPlace(field) {
        return (this.places?.[field] || "").toString();
    }

    setPlace(field, activityId) {
        return this.services.orm.write("website", [this.websiteId], {
            [field]: parseInt(activityId, 10) || false,
        });
    }
}

registry.category("website-plugins").add(ConsentPlacePlugin.id, ConsentPlacePlugin);
