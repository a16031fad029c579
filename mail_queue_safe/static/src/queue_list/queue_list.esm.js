// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {ListController} from "@web/views/list/list_controller";
import {listView} from "@web/views/list/list_view";
import {onWillStart} from "@odoo/owl";
import {registry} from "@web/core/registry";

/** The mails of the queue, under a warning if nobody sends them. */
export class QueueListController extends ListController {
    static template = "mail_queue_safe.QueueList";

    setup() {
        super.setup();
        onWillStart(async () => {
            this.warning = await this.orm.call("mail.mail", "queue_warning");
        });
    }
}

registry.category("views").add("mail_queue_safe_list", {
    ...listView,
    Controller: QueueListController,
});
