# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the first tag of a page says of its language."""


def page_language(env, code):
    """:return: ``lang`` and ``direction`` of a page in a language, installed or not"""
    lang = env["res.lang"]._get_data(code=code)
    return {
        "direction": lang.direction or "ltr",
        "lang": code.replace("_", "-").replace("@", "-"),
    }
