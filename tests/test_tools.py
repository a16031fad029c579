# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The developer tooling: what a person reads when something is missing."""

import ast
import errno
import os
import shutil
import socket
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tools import (
    commands,
    configuration,
    databases,
    debian,
    lint,
    odoo_source,
    ports,
    postgres,
    process,
    python_env,
    settings,
)
from tools import test as session
from tools.errors import DISK_FULL, ToolError

RELEASE = "version_info = ({}, 0, 0, 'final', 0, '')\nversion = '{}.0'\n"


@pytest.fixture
def clone(tmp_path):
    """A clone in which nothing is prepared, with a cache of its own."""
    folder = tmp_path / "clone"
    shutil.copytree(settings.ROOT / "tools", folder / "tools")
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(settings.ROOT / name, folder)
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache for Odoo, and no setting that names one elsewhere."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(settings, "CACHE", folder)
    monkeypatch.setattr(settings, "ODOO_HOME", None)
    monkeypatch.setattr(odoo_source, "DEBIAN", folder / "debian")
    monkeypatch.setattr(odoo_source, "UPSTREAM", folder / "upstream")
    return folder


@pytest.fixture
def new_name():
    """The name of a database that does not exist, and will not afterwards."""
    name = f"{databases.PREFIX}tools_{uuid.uuid4().hex[:8]}"
    yield name
    databases.drop(name)


def run_tools(clone, *arguments, **variables):
    """Run a command in a clone, as a person does whose machine has nothing."""
    return subprocess.run(
        [sys.executable, "-m", "tools", *arguments],
        cwd=clone,
        env={"PATH": os.environ["PATH"], "HOME": str(clone), **variables},
        capture_output=True,
        text=True,
    )


def make_odoo(home, series):
    """Put something into a folder that looks like Odoo of a series."""
    (home / "odoo").mkdir(parents=True)
    (home / "odoo" / "release.py").write_text(RELEASE.format(series, series))
    return home


def make_program(folder, name, text):
    """Put a program into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


class TestCommands:
    def test_make_alone_lists_every_target_with_a_line(self):
        listed = subprocess.check_output(
            ["make", "--no-print-directory"], cwd=settings.ROOT, text=True
        )
        rows = [line.split(maxsplit=2) for line in listed.splitlines()]
        targets = {row[1] for row in rows if len(row) == 3}
        assert {"demo", "test", "env", "stop", "clean"} <= targets

    @pytest.mark.parametrize("version", ["(3, 9, 18)", "(3, 14, 0)"])
    def test_a_python_that_odoo_does_not_know(self, clone, version):
        code = (
            f"import runpy, sys; sys.version_info = {version}; sys.argv[1:] = ['env'];"
            "runpy.run_module('tools', run_name='__main__')"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=clone, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert "need Python 3.10 to 3.13" in done.stderr
        assert "make PYTHON=" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_an_old_python_can_read_what_tells_it_so(self):
        for name in ("__init__", "__main__"):
            source = (settings.ROOT / "tools" / f"{name}.py").read_text()
            ast.parse(source, feature_version=(3, 6))

    def test_disk_full_while_we_write(self, monkeypatch, capsys):
        def fail(arguments):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setitem(commands.COMMANDS, "env", fail)
        monkeypatch.setattr(commands.signal, "signal", lambda *_: None)
        assert commands.main(["env"]) == 1
        assert capsys.readouterr().err.strip() == DISK_FULL

    def test_disk_full_while_a_program_writes(self):
        with pytest.raises(ToolError) as caught:
            process.run(["cp", "/etc/passwd", "/dev/full"], "cp failed")
        assert str(caught.value) == DISK_FULL

    def test_only_one_process_works_under_a_lock(self, tmp_path):
        code = (
            "import sys; from pathlib import Path; from tools.process import lock\n"
            "with lock(Path(sys.argv[1])): print(Path(sys.argv[2]).read_text())"
        )
        words = tmp_path / "words"
        words.write_text("too early")
        with process.lock(tmp_path / "lock"):
            other = subprocess.Popen(
                [sys.executable, "-c", code, tmp_path / "lock", words],
                cwd=settings.ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert other.stdout.readline().startswith("waiting for another process")
            words.write_text("now")
        with other:
            assert other.stdout.read() == "now\n"


class TestPorts:
    @pytest.mark.parametrize("variable", sorted(ports.DEFAULTS))
    def test_taken_port(self, clone, variable):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            taken = str(server.getsockname()[1])
            others = {name: str(_free_port()) for name in ports.DEFAULTS}
            done = run_tools(clone, "demo", **{**others, variable: taken})
        assert done.returncode == 1
        assert f"Port {taken} is taken" in done.stderr
        assert f"`make demo {variable}=" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert not done.stdout, "something was begun before the ports were checked"
        assert not (clone / ".dev").exists()

    def test_the_other_port_is_free(self, monkeypatch):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            monkeypatch.setenv("HTTP_PORT", str(server.getsockname()[1]))
            with pytest.raises(ToolError) as caught:
                ports.check()
        suggested = int(str(caught.value).rpartition("=")[2].rstrip("`."))
        with socket.socket() as server:
            server.bind(("127.0.0.1", suggested))

    def test_not_a_port(self, clone):
        done = run_tools(clone, "demo", SMTP_PORT="smtp")
        assert done.returncode == 1
        assert done.stderr == "SMTP_PORT is smtp, but has to be a port number.\n"


def _free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class TestOdooSource:
    def test_neither_apt_nor_git(self, clone, tmp_path):
        done = run_tools(clone, "odoo", PATH=str(tmp_path / "nothing"))
        assert done.returncode == 1
        assert "apt-get and dpkg are not installed" in done.stdout
        assert "git could not clone" in done.stdout
        assert "set ODOO_HOME to a checkout" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_no_network(self, clone, tmp_path):
        programs = tmp_path / "programs"
        make_program(programs, "apt-get", "echo 'E: Could not resolve'; exit 100")
        make_program(programs, "git", "echo 'fatal: Could not resolve host'; exit 128")
        done = run_tools(clone, "odoo", PATH=f"{programs}:{os.environ['PATH']}")
        assert done.returncode == 1
        assert "connect the machine to the network" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_disk_full_does_not_try_the_next_way(self, clone, tmp_path):
        programs = tmp_path / "programs"
        make_program(programs, "apt-get", "echo 'No space left on device'; exit 100")
        make_program(programs, "git", "echo 'the next way'; exit 128")
        done = run_tools(clone, "odoo", PATH=f"{programs}:{os.environ['PATH']}")
        assert done.stderr == f"{DISK_FULL}\n"
        assert "the next way" not in done.stdout

    def test_odoo_home_of_another_series(self, clone, tmp_path):
        home = make_odoo(tmp_path / "odoo18", 18)
        done = run_tools(clone, "env", ODOO_HOME=str(home))
        assert done.returncode == 1
        assert f"In {home} is Odoo 18.0." in done.stderr
        assert "Let ODOO_HOME name" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_odoo_home_without_odoo(self, clone, tmp_path):
        done = run_tools(clone, "env", ODOO_HOME=str(tmp_path))
        assert done.returncode == 1
        assert f"There is no Odoo in {tmp_path}." in done.stderr

    def test_odoo_home_is_a_checkout_or_an_installation(self, tmp_path, monkeypatch):
        home = make_odoo(tmp_path / "odoo", 19)
        monkeypatch.setattr(settings, "ODOO_HOME", str(home))
        assert odoo_source.find().addons_path == [home / "odoo" / "addons"]
        (home / "odoo-bin").touch()
        both = [home / "odoo" / "addons", home / "addons"]
        assert odoo_source.find().addons_path == both

    def test_a_package_of_another_series_falls_back_to_a_clone(
        self, cache, monkeypatch, capsys
    ):
        class NewerApt:
            def __init__(self, folder, suites):
                pass

            def unpack(self, packages, root):
                make_odoo(odoo_source._dist_packages(root), 20)

        def clone_upstream(command, failure):
            make_odoo(Path(command[-1]), 19)

        monkeypatch.setattr(odoo_source, "Apt", NewerApt)
        monkeypatch.setattr(odoo_source, "run", clone_upstream)
        odoo_source.prepare()
        assert "is Odoo 20.0." in capsys.readouterr().out
        assert odoo_source.find().home == cache / "upstream"
        assert not (cache / "debian").exists()

    def test_what_is_half_unpacked_is_not_taken(self, cache, monkeypatch):
        class InterruptedApt:
            def __init__(self, folder, suites):
                pass

            def unpack(self, packages, root):
                make_odoo(odoo_source._dist_packages(root), 19)
                raise KeyboardInterrupt

        make_odoo(odoo_source._dist_packages(cache / "unfinished-1" / "root"), 19)
        assert not odoo_source.find()
        monkeypatch.setattr(odoo_source, "Apt", InterruptedApt)
        with pytest.raises(KeyboardInterrupt):
            odoo_source.prepare()
        assert not odoo_source.find()
        assert [path.name for path in cache.iterdir()] == ["lock"]


class TestDebianSources:
    DEB822 = """\
# the archive
Types: deb deb-src
URIs: http://mirror.example/archive
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: http://mirror.example/archive-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://vendor.example
Suites: nodistro
Components: main
"""
    ONE_LINE = """\
# deb http://commented.example/archive bookworm main
deb cdrom:[Debian] bookworm main
deb-src http://source.example/archive bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/archive bookworm main # x
deb http://mirror.example/archive-security bookworm-security main
deb http://vendor.example bookworm stable
"""

    def archives(self, tmp_path, name, text):
        path = tmp_path / "sources.list.d" / name
        path.parent.mkdir()
        path.write_text(text)
        return debian.archives(tmp_path, "bookworm")

    def test_deb822(self, tmp_path):
        assert self.archives(tmp_path, "debian.sources", self.DEB822) == [
            {
                "URIs": "http://mirror.example/archive",
                "Signed-By": "/usr/share/keyrings/archive.gpg",
            }
        ]

    def test_one_line(self, tmp_path):
        assert self.archives(tmp_path, "debian.list", self.ONE_LINE) == [
            {"URIs": "http://mirror.example/archive", "Signed-By": "/k.gpg"}
        ]

    def test_a_key_inside_the_source_is_kept(self, tmp_path):
        key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc"
        text = self.DEB822.replace(" /usr/share/keyrings/archive.gpg", key)
        (archive,) = self.archives(tmp_path, "debian.sources", text)
        assert archive["Signed-By"] == key

    def test_a_source_that_is_switched_off(self, tmp_path):
        text = "Enabled: no\n" + self.DEB822.split("\n\n")[0]
        assert not self.archives(tmp_path, "debian.sources", text)


class TestPythonEnv:
    def test_python_without_pip_and_no_way_to_get_it(self, monkeypatch, tmp_path):
        class NoApt:
            def __init__(self, folder, suites):
                raise ToolError("apt-get and dpkg are not installed")

        monkeypatch.setattr(python_env.importlib.util, "find_spec", lambda name: None)
        monkeypatch.setattr(python_env, "Apt", NoApt)
        with pytest.raises(ToolError, match="apt-get install python3-venv"):
            python_env._create(tmp_path / "venv", tmp_path)

    def test_the_command_line_works_from_anywhere(self, tmp_path):
        output = subprocess.check_output(
            [settings.VENV / "bin" / "odoo", "--version"], cwd=tmp_path, text=True
        )
        assert "19.0" in output

    def test_requirements_are_pinned(self):
        text = settings.REQUIREMENTS.read_text() + lint.REQUIREMENTS.read_text()
        for line in text.splitlines():
            requirement = line.partition("#")[0].strip()
            assert not requirement or "==" in requirement


class TestLint:
    """What is checked when the machine has no Node.js."""

    @pytest.fixture
    def calls(self, monkeypatch):
        """The commands that would have run, with their environments."""
        calls = []

        def call(command, env):
            calls.append((command, env))
            return 0

        monkeypatch.delenv("CI", raising=False)
        monkeypatch.setattr(lint.shutil, "which", lambda program: None)
        monkeypatch.setattr(lint.python_env, "prepare", lambda *arguments: None)
        monkeypatch.setattr(lint.subprocess, "call", call)
        return calls

    def test_the_rest_runs(self, calls, capsys):
        assert lint.run() == 0
        ((_command, environment),) = calls
        assert environment["SKIP"] == "prettier"
        assert "apt-get install nodejs npm" in capsys.readouterr().out

    def test_ci_fails(self, calls, monkeypatch):
        monkeypatch.setenv("CI", "true")
        with pytest.raises(ToolError, match="apt-get install nodejs npm"):
            lint.run()
        assert not calls


class TestPostgres:
    def test_a_server_that_does_not_answer(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PGHOST", str(tmp_path))
        with pytest.raises(ToolError, match="PG\\* variables name cannot be reached"):
            postgres.start()

    def test_the_configuration_names_the_server_and_no_database(
        self, monkeypatch, tmp_path
    ):
        monkeypatch.setattr(settings, "CONF", tmp_path / "odoo.conf")
        server = {"db_host": "/socket", "db_port": 5432, "db_user": "me"}
        configuration.write(odoo_source.find(), {**server, "db_password": "secret"})
        assert postgres.options() == {
            "db_host": "/socket",
            "db_port": "5432",
            "db_user": "me",
            "db_password": "secret",
        }
        assert settings.CONF.stat().st_mode & 0o077 == 0


class TestDatabases:
    def test_a_copy_is_a_database_of_its_own(self, new_name):
        template = databases.template("lean")
        databases.copy(template, new_name)
        assert databases.exists(new_name)
        other = f"{new_name}_2"
        databases.copy(template, other)
        try:
            assert _secret(new_name) != _secret(other)
        finally:
            databases.drop(other)
        assert not databases.exists(other)

    def test_nothing_is_due_in_a_copy(self, new_name):
        databases.copy(databases.template("lean"), new_name)
        with (
            closing(postgres.connect(new_name)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT id FROM ir_cron_trigger")
            assert cursor.fetchall() == []
            cursor.execute(
                "SELECT id FROM ir_cron"
                " WHERE nextcall < now() AT TIME ZONE 'UTC' + interval '23 hours'"
            )
            assert cursor.fetchall() == []

    def test_dropped_while_somebody_is_connected(self, new_name):
        databases.copy(databases.template("lean"), new_name)
        with closing(postgres.connect(new_name)) as connection:
            databases.drop(new_name)
            assert not databases.exists(new_name)
            with pytest.raises(psycopg2.OperationalError):
                connection.cursor().execute("SELECT 1")

    def test_the_filestore_comes_along(self, new_name):
        template = databases.template("lean")
        databases.copy(template, new_name)
        file = databases.FILESTORES / new_name / "aa" / "file"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        other = f"{new_name}_2"
        databases.rename(new_name, other)
        databases.copy(other, new_name)
        try:
            assert file.exists()
        finally:
            databases.drop(other)
        assert not (databases.FILESTORES / other).exists()

    def test_a_build_that_fails_leaves_no_template(self, new_name, capsys):
        template = databases.template("lean")
        with (
            process.lock(databases.LOCK),
            pytest.raises(ToolError, match="could not install no_such_module"),
        ):
            databases._build(new_name, template, ["no_such_module"], ())
        assert not databases.exists(new_name)
        assert "invalid module names" in capsys.readouterr().out

    def test_nobody_works_in_a_template_by_mistake(self):
        with pytest.raises(Exception, match="not currently accepting connections"):
            postgres.connect(databases.template("lean"))


def _secret(name):
    with closing(postgres.connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT value FROM ir_config_parameter WHERE key = 'database.secret'"
        )
        (secret,) = cursor.fetchone()
    return secret


class TestSession:
    def test_leftovers_of_a_process_that_ended_are_dropped(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        names = [
            databases.PREFIX + name
            for name in (
                f"test_{ended.pid}",
                f"test_{ended.pid}-gw0",
                f"e2e_{ended.pid}_0",
                f"e2e_{os.getpid()}_tools",
            )
        ]
        for name in names:
            databases.copy(databases.template("lean"), name)
        try:
            session._drop_leftovers()
            assert [databases.exists(name) for name in names] == [False] * 3 + [True]
        finally:
            databases.drop(names[-1])


class TestSkips:
    TESTS = """
import psycopg2
import pytest

def test_passes():
    pass

@pytest.mark.skipif(True, reason="there is no browser")
def test_skipped():
    pass
"""

    def run_pytest(self, tmp_path, *options, **variables):
        (tmp_path / "test_some.py").write_text(self.TESTS)
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "no:odoo",
                "-p",
                "tools.pytest_skips",
            ]
            + ["--rootdir", tmp_path, tmp_path, *options],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(settings.ROOT),
                **variables,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    @pytest.mark.parametrize("options", [[], session.PARALLEL])
    def test_a_skipped_test_is_told(self, tmp_path, options):
        done = self.run_pytest(tmp_path, *options)
        assert done.returncode == 0
        *_, told, summary = done.stdout.splitlines()
        assert told == "1 not run: there is no browser"
        assert "1 passed, 1 skipped" in summary

    @pytest.mark.parametrize("options", [[], session.PARALLEL])
    def test_a_skipped_test_fails_ci(self, tmp_path, options):
        assert self.run_pytest(tmp_path, *options, CI="true").returncode == 1
