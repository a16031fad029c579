# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The file with all answers, sent while it is read."""

import csv
import io

from odoo import api, http
from odoo.http import content_disposition, request
from odoo.modules.registry import Registry

_ROWS_AT_ONCE = 200


class ExportController(http.Controller):
    @http.route("/privacy/export/answers.csv", type="http", auth="user", readonly=True)
    def export_answers(self, activities="", **_params):
        """Send all consents that the user may see, with all their answers, as CSV.

        :param str activities: ids of activities, with commas; without, all of them
        :raise AccessError: for whoever may not export
        """
        request.env["privacy.consent"]._check_may_export()
        ids = [int(one) for one in activities.split(",") if one.isdecimal()]
        domain = [("activity_id", "in", ids)] if activities else []
        return request.make_response(
            _lines(request.env, domain),
            headers=[
                ("Content-Type", "text/csv; charset=utf-8"),
                ("Content-Disposition", content_disposition("answers.csv")),
                ("Cache-Control", "no-store"),
            ],
        )


def _lines(env, domain):
    """Read in a transaction of its own: that of the request is over by then.

    :param env: of whom the file is for
    :param list domain: of the consents
    :return: parts of the file
    :rtype: Iterator[bytes]
    """
    dbname, uid, context = env.cr.dbname, env.uid, dict(env.context)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    with Registry(dbname).cursor(readonly=True) as cr:
        consents = api.Environment(cr, uid, context)["privacy.consent"]
        for number, row in enumerate(consents._rows_with_events(domain), 1):
            writer.writerow(row)
            if number % _ROWS_AT_ONCE == 0:
                yield buffer.getvalue().encode()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue().encode()
