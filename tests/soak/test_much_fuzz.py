# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ten thousand requests of any kind to the public pages."""

import test_fuzz

REQUESTS = 10_000

scene = test_fuzz.scene
link = test_fuzz.link


def test_anything(scene, link):
    test_fuzz.check_anything(scene, link, REQUESTS, derandomize=False)
