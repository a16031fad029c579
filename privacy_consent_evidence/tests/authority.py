# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A time-stamp authority: ``openssl ts -reply`` behind a web server."""

import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

_CONFIGURATION = """
[tsa]
default_tsa = own
[own]
dir = .
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
[certificate]
extendedKeyUsage = critical,timeStamping
basicConstraints = CA:false
[ca]
database = ./index.txt
new_certs_dir = .
serial = ./ca.serial
default_md = sha256
policy = any
[any]
commonName = supplied
"""


class Authority:
    """The authority, in a folder of its own.

    :ivar url: where it answers
    :ivar answer: a function of a request that answers instead: bytes, a status, or a
        pair of a header (name and value) and bytes
    :ivar requests: how many there were
    """

    def __init__(self, folder, key="rsa:2048"):
        self.folder = Path(folder)
        self.answer = None
        self.requests = 0
        self.folder.joinpath("tsa.cnf").write_text(_CONFIGURATION)
        self.folder.joinpath("index.txt").touch()
        self.folder.joinpath("ca.serial").write_text("01\n")
        new = ["-newkey", *key.split(), "-nodes"]
        self.openssl(
            *["req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem"],
            *["-subj", "/CN=CA", "-days", "3"],
            *["-addext", "basicConstraints=critical,CA:true"],
        )
        self.openssl(
            *["req", *new, "-keyout", "tsa.key", "-out", "tsa.csr"],
            *["-subj", "/CN=TSA"],
        )
        self.certify()

    def certify(self, begin="20200101000000Z", end="20491231000000Z"):
        """Make a certificate that is valid for so long."""
        self.openssl(
            *["ca", "-batch", "-config", "tsa.cnf", "-name", "ca", "-notext"],
            *["-cert", "ca.pem", "-keyfile", "ca.key", "-in", "tsa.csr"],
            *["-out", "tsa.pem", "-startdate", begin, "-enddate", end],
            *["-extensions", "certificate"],
        )
        self.folder.joinpath("index.txt").write_text("")

    def openssl(self, *arguments):
        """Run it.

        :return: what it says
        """
        return subprocess.run(
            ["openssl", *arguments],
            cwd=self.folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ).stdout

    def reply(self, request):
        """:return: the answer to a request"""
        self.folder.joinpath("query.tsq").write_bytes(request)
        self.openssl(
            *["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq"],
            *["-out", "reply.tsr"],
        )
        return self.folder.joinpath("reply.tsr").read_bytes()

    def verifies(self, data, stamp):
        """:return: whether openssl finds that a time stamp is right"""
        self.folder.joinpath("data").write_bytes(data)
        self.folder.joinpath("stamp.tsr").write_bytes(stamp)
        said = self.openssl(
            *["ts", "-verify", "-data", "data", "-in", "stamp.tsr"],
            *["-CAfile", "ca.pem"],
        )
        return "Verification: OK" in said


@contextmanager
def running_authority(**options):
    """An authority that answers by HTTP until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            authority.requests += 1
            request = self.rfile.read(int(self.headers["Content-Length"]))
            answer = (authority.answer or authority.reply)(request)
            header, answer = answer if isinstance(answer, tuple) else (None, answer)
            is_status = isinstance(answer, int)
            self.send_response(answer if is_status else 200)
            if is_status and 300 <= answer < 400:
                self.send_header("Location", "http://127.0.0.1:1/")
            if header:
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(b"" if is_status else answer)

        def log_message(self, *_arguments):
            pass

    with (
        TemporaryDirectory() as folder,
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server,
    ):
        authority = Authority(folder, **options)
        authority.url = f"http://127.0.0.1:{server.server_port}/"
        Thread(target=server.serve_forever, daemon=True).start()
        yield authority
        server.shutdown()
