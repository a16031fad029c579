# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What looks automated, and what does not."""

from odoo.tests import BaseCase

from .. import robot_signs

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
CUBOT = "Mozilla/5.0 (Linux; Android 13; CUBOT X70) AppleWebKit/537.36 Chrome/137.0"


class TestAutomation(BaseCase):
    def test_people(self):
        for agent in (FIREFOX, IPHONE, CUBOT):
            self.assertFalse(robot_signs.reasons(agent, 60, 8, 30), agent)
            self.assertFalse(robot_signs.reasons(agent), agent)

    def test_agents(self):
        for agent in [
            "",
            " ",
            "Barracuda Sentinel (EE)",
            "LinkScanner/1.0",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "Mozilla/5.0 (X11; Linux x86_64) Chrome/138.0 HeadlessChrome/138.0",
            "Mozilla/5.0 BingPreview/1.0b",
            "python-requests/2.34.2",
            "curl/8.5.0",
        ]:
            self.assertEqual(robot_signs.reasons(agent), {"agent"}, agent)

    def test_haste(self):
        self.assertEqual(robot_signs.reasons(FIREFOX, since_delivery=3), {"delivery"})
        self.assertEqual(robot_signs.reasons(FIREFOX, since_page=0), {"page"})
        self.assertEqual(robot_signs.reasons(FIREFOX, since_other=1), {"other"})
        self.assertEqual(
            robot_signs.reasons(FIREFOX, 1, 1, 1), {"delivery", "page", "other"}
        )
