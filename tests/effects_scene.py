# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A server action and a follower, who are told of answers, and what became of that."""

from server import query

LOG = "CREATE TABLE acted (consent_id int, committed bool)"
# It acts outside of its transaction, as a letter that is posted.
POST = """
cr = env.registry.cursor()
try:
    cr.execute(
        "SELECT state = 'answered' FROM privacy_consent WHERE id = %s", (record.id,)
    )
    cr.execute("INSERT INTO acted VALUES (%s, %s)", (record.id, cr.fetchone()[0]))
    cr.commit()
finally:
    cr.close()
if record.partner_id.function == 'poison':
    raise UserError('no stamps left for ' + record.partner_id.email)
if record.partner_id.function == 'broken':
    env.cr.execute('SELECT 1/0', log_exceptions=False)
if record.partner_id.function == 'rolled back':
    env.cr.rollback()
    raise UserError('no stamps left')
"""
# The same inside of its transaction: a crowd has no more than a cursor for that.
NOTE = """
env.cr.execute(
    "INSERT INTO acted SELECT %s, bool_and(xmin::text <> pg_current_xact_id()::text)"
    " FROM privacy_consent_event WHERE consent_id = %s", (record.id, record.id)
)
"""


def add_action(scene, code):
    """Have a server action follow the answers from now on.

    :param str code: of the action, that tells whether the answer was committed
    """
    execute = scene.server.execute
    query(scene.server.database, f"{LOG}; SELECT 1")
    action = execute(
        "ir.actions.server",
        "create",
        {
            "name": "Act",
            "model_id": scene.server.ref("privacy_consent.model_privacy_consent"),
            "state": "code",
            "code": code,
        },
    )
    execute("privacy.activity", "write", [scene.activity], {"server_action_id": action})


def follow_answers(scene):
    """Have the manager follow the answers of everybody asked from now on."""
    execute = scene.server.execute
    (user,) = execute("res.users", "read", [scene.manager], ["partner_id"])
    subtypes = [
        scene.server.ref(f"privacy_consent.mt_activity_{name}")
        for name in ("acceptance_changed", "consent_new")
    ]
    execute(
        "privacy.activity",
        "message_subscribe",
        [scene.activity],
        [user["partner_id"][0]],
        subtypes,
    )


def acted(scene, email):
    return query(
        scene.server.database,
        "SELECT committed FROM acted WHERE consent_id = %s",
        scene.consent(email)["id"],
    )


def told(scene, email):
    """:return: whether the mails that tell the manager of answers are sent, or ready"""
    return query(
        scene.server.database,
        "SELECT notification_status FROM mail_notification AS notification"
        " JOIN mail_message AS message ON message.id = notification.mail_message_id"
        " JOIN res_users AS users ON users.partner_id = notification.res_partner_id"
        " WHERE users.id = %s AND message.model = 'privacy.consent'"
        " AND message.res_id = %s",
        scene.manager,
        scene.consent(email)["id"],
    )
