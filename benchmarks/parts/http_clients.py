# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Browsers that use a server at once, each as fast as it gets its responses.

::

    python -m benchmarks.parts.http_clients PORT

They are threads of one process, because they do little but wait. What that process
needs of a processor is among the figures.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from http.client import HTTPConnection
from itertools import cycle
from statistics import mean, quantiles
from urllib.parse import urlencode, urlsplit

from .commands import obey

SECONDS_TO_RESPOND = 120


class Form(HTMLParser):
    """A form of a page: the one whose address contains a text.

    :ivar path: its address, without the server
    :ivar fields: what is hidden in it
    """

    def __init__(self, page, text):
        super().__init__()
        self._text = text
        self._inside = False
        self.path = None
        self.fields = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Read one tag."""
        values = dict(attrs)
        if tag == "form" and self._text in values["action"]:
            self._inside = True
            address = urlsplit(values["action"])
            self.path = f"{address.path}?{address.query}"
        elif tag == "input" and self._inside and values.get("type") == "hidden":
            self.fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag):
        """Read the end of an element."""
        self._inside = self._inside and tag != "form"


class Browser:
    """A client that opens pages, one after the other, again and again.

    It keeps the cookie that it gets, and its connection, if the server keeps it.

    :param paths: of the pages
    :ivar seconds: what each request took
    :ivar failed: how many got something else than a page
    :ivar answers: what was answered last: ``accept`` or ``reject`` and the browser's
        name, per path of a consent's page
    """

    def __init__(self, port, paths):
        self._connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS_TO_RESPOND)
        self._cookie = {}
        self._paths = paths
        self._turns = cycle(paths)
        self.seconds = []
        self.failed = 0
        self.answers = {}

    def prepare(self):
        """Do what is not measured."""

    def step(self):
        """Send one request."""
        self._request("GET", next(self._turns))

    def _request(self, method, path, body=None, **headers):
        start = time.perf_counter()
        self._connection.request(method, path, body, {**self._cookie, **headers})
        response = self._connection.getresponse()
        page = response.read().decode()
        self.seconds.append(time.perf_counter() - start)
        if cookie := response.getheader("Set-Cookie"):
            self._cookie = {"Cookie": cookie.partition(";")[0]}
        if response.status == 200:
            return page
        self.failed += 1
        return None


class AnsweringBrowser(Browser):
    """A client whose subjects change their minds each time that it is their turn.

    The page after an answer has the form for the opposite one, with whatever is hidden
    in it. So each request is an answer, and each form is sent once, as by a person.
    """

    def __init__(self, port, paths):
        super().__init__(port, paths)
        self._pages = {}

    def prepare(self):
        """Open the page of every consent."""
        for path in self._paths:
            self._pages[path] = self._request("GET", path)
        self.seconds.clear()

    def step(self):
        """Answer the consent whose turn it is."""
        path = next(self._turns)
        page = self._pages[path]
        # From the page: an equal answer within a minute would not be a new one.
        choice = "reject" if "<strong>accepted</strong>" in page else "accept"
        form = Form(page, f"/consent/{choice}/")
        # A consent stores it, and no other answer has the same.
        name = f"Benchmark {id(self)}-{time.perf_counter_ns()}"
        page = self._request(
            "POST",
            form.path,
            urlencode(form.fields),
            **{
                "Content-Type": "application/x-www-form-urlencoded",
                "User-Agent": name,
            },
        )
        if page:
            self._pages[path] = page
            self.answers[path] = (choice, name)


class Clients:
    """What the process can do.

    :param port: of the server
    """

    def __init__(self, port):
        self._port = port

    def get(self, seconds, paths):
        """Open pages.

        :param seconds: for how long
        :param paths: of the pages of each client
        :return: figures
        """
        return self._run(Browser, seconds, paths)

    def post(self, seconds, paths):
        """Answer consents, the parameters are as of :meth:`get`."""
        return self._run(AnsweringBrowser, seconds, paths)

    def _run(self, browser_class, seconds, paths):
        browsers = [browser_class(self._port, own) for own in paths]
        with ThreadPoolExecutor(len(browsers)) as threads:
            list(threads.map(browser_class.prepare, browsers))
            start, work = time.perf_counter(), time.process_time()

            def use(browser):
                while time.perf_counter() < start + seconds:
                    browser.step()

            list(threads.map(use, browsers))
            elapsed = time.perf_counter() - start
            work = time.process_time() - work
        times = [one for browser in browsers for one in browser.seconds]
        return {
            "per second": len(times) / elapsed,
            "mean ms": 1000 * mean(times),
            "95 % within ms": 1000 * quantiles(times, n=20)[-1],
            "failed": sum(browser.failed for browser in browsers),
            "clients' CPU %": 100 * work / elapsed,
            "answers": [
                [path, *answer]
                for browser in browsers
                for path, answer in browser.answers.items()
            ],
        }


if __name__ == "__main__":
    obey(Clients(int(sys.argv[1])))
