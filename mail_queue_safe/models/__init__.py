# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    ir_cron,
    ir_mail_server,
    ir_mail_server_headers,
    ir_mail_server_limits,
    mail_mail_attempt,
    mail_mail_buttons,
    mail_mail_caller,
    mail_mail_effects,
    mail_mail_lock,
    mail_mail_personal_server,
    mail_mail_queue,
    mail_mail_read_ahead,
    mail_mail_retry,
    mail_mail_send,
    mail_mail_sight,
    mail_mail_values,
    mail_message,
    mail_queue_departure,
    mail_queue_outage,
    res_config_settings,
)
