// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {BuilderAction} from "@html_builder/core/builder_action";
import {MailingListSubscribeOption} from "@website_mass_mailing/website_builder/mailing_list_subscribe_option";
import {Plugin} from "@html_editor/plugin";
import {onWillStart} from "@odoo/owl";
import {patch} from "@web/core/utils/patch";
import {registry} from "@web/core/registry";

MailingListSubscribeOption.dependencies.push("newsletterConsent", "privacyConsentBox");

patch(MailingListSubscribeOption.prototype, {
    setup() {
        super.setup();
        this.consentActivities = [];
        onWillStart(async () => {
            const {newsletterConsent, privacyConsentBox} = this.dependencies;
            await newsletterConsent.fetchConsents();
            this.consentActivities = await privacyConsentBox.fetchActivities();
        });
    },
});

/** What the mailing list of a block asks for. It is the list's, and stored at once. */
class NewsletterConsentAction extends BuilderAction {
    static id = "newsletterConsent";
    static dependencies = ["newsletterConsent"];

    isApplied({editingElement, value}) {
        const {getConsent} = this.dependencies.newsletterConsent;
        return getConsent(editingElement.dataset.listId) === value;
    }
    load({editingElement, value}) {
        const {setConsent} = this.dependencies.newsletterConsent;
        return setConsent(editingElement.dataset.listId, value);
    }
    apply() {
        // Nothing of it is in the page.
    }
}

class NewsletterConsentPlugin extends Plugin {
    static id = "newsletterConsent";
    static shared = ["fetchConsents", "getConsent", "setConsent"];
    resources = {builder_actions: {NewsletterConsentAction}};

    async fetchConsents() {
        if (!this.consents) {
            const lists = await this.services.orm.searchRead(
                "mailing.list",
                [["is_public", "=", true]],
                ["consent_activity_id"]
            );
            this.consents = Object.fromEntries(
                lists.map((list) => [
                    list.id,
                    list.consent_activity_id && list.consent_activity_id[0].toString(),
                ])
            );
        }
    }

    getConsent(listId) {
        return this.consents?.[listId] || "";
    }

    async setConsent(listId, activityId) {
        await this.services.orm.write("mailing.list", [parseInt(listId, 10)], {
            consent_activity_id: parseInt(activityId, 10) || false,
        });
        this.consents[listId] = activityId;
        this.dispatchTo("trigger_dom_updated");
    }
}

registry
    .category("website-plugins")
    .add(NewsletterConsentPlugin.id, NewsletterConsentPlugin);
