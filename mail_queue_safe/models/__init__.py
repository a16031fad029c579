# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    ir_cron,
    ir_mail_server,
    mail_mail_state,
    mail_mail_delivery,
    mail_mail_effects,
    mail_mail_queue,
    mail_mail_retry,
    mail_mail_sight,
    mail_mail_workers,
    mail_notification,
    mail_queue_outage,
    res_config_settings,
)
