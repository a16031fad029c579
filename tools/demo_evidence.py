# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the demo shows of the proof: three seals, and a pack.

It runs in a shell of Odoo, which has ``env``.
"""

from odoo.addons.privacy_consent.links import proof
from odoo.addons.privacy_consent_evidence.models.privacy_consent_seal import seal

survey = env.ref("privacy.activity_customer_survey")  # noqa: F821
manager = survey.env.ref("base.user_admin")
people = survey.env["res.partner"].search(
    [("category_id.name", "=", "Demo: survey participants"), ("email", "!=", False)],
    order="id",
    limit=3,
)
consents = (
    survey.env["privacy.consent"]
    .with_user(manager)
    .create([{"activity_id": survey.id, "partner_id": one.id} for one in people])
)
first, second, third = consents
for answers in (
    [(first, True, "paper"), (second, True, "phone")],
    [(third, False, "in_person")],
    [(second, False, "phone")],
):
    for consent, answer, channel in answers:
        consent._record_answer(answer, proof.by_hand(manager, channel))
    seal(survey.env)
survey.with_user(manager).message_post(
    body="The proof of three consents, as an auditor gets it.",
    attachments=[("proof-pack.zip", consents._proof_pack())],
)
survey.env.cr.commit()
