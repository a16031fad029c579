# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The addons as an integrator installs them: wheels, in an environment with Odoo 19.

Nothing of this clone is on the path of that Odoo.
"""

import os
import re
import subprocess
import sys
import sysconfig

import odoo_log
import pytest
from page import press
from server import Scene

from tools import databases, odoo_source, python_env, settings

ADDONS = settings.addons()
ANN = "ann@example.com"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of this module, far from the clone."""
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="module")
def wheels(folder):
    """A wheel of each addon."""
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, *ADDONS)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(folder, wheels):
    """An environment that has Odoo 19, what Odoo needs, and the wheels."""
    venv = folder / "venv"
    subprocess.check_call([sys.executable, "-m", "venv", "--without-pip", venv])
    (site_packages,) = venv.glob("lib/python*/site-packages")
    needed = sysconfig.get_path("purelib")
    (site_packages / "requirements.pth").write_text(f"{needed}\n")
    python_env.add_odoo(odoo_source.find(), venv)
    pip("--python", venv / "bin" / "python", "install", *wheels)
    return venv


@pytest.fixture(scope="module")
def database(environment, folder):
    """A database in which the Odoo of that environment installed the wheels.

    Odoo's own modules are in it already.
    """
    name = f"{databases.PREFIX}e2e_{os.getpid()}_wheels"
    databases.copy(databases.base("website"), name)
    log = folder / "install.log"
    with open(log, "w") as output:
        code = subprocess.call(
            [environment / "bin" / "odoo", "server", "-c", settings.CONF]
            + ["-d", name, "-i", ",".join(addon.name for addon in ADDONS)]
            + ["--addons-path", own_addons(), "--skip-auto-install"]
            + ["--stop-after-init", "--no-http"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    yield name, code, log
    databases.drop(name)


def pip(*arguments):
    """Run pip, which may not look anywhere else."""
    command, *rest = [str(argument) for argument in arguments]
    options = ["--no-index", "--no-deps", "--quiet", "--disable-pip-version-check"]
    subprocess.check_call(
        [sys.executable, "-m", "pip", command, *rest, *options], cwd=settings.ROOT
    )


def own_addons():
    """:return: Odoo's own addons folders, for its option"""
    return ",".join(str(path) for path in odoo_source.find().addons_path)


def test_one_wheel_per_addon(wheels):
    assert [wheel.name.partition("-")[0] for wheel in wheels] == [
        f"odoo_addon_{addon.name}" for addon in ADDONS
    ]


def test_install_without_a_warning(database):
    _name, code, log = database
    assert code == 0, log.read_text()
    odoo_log.check(log)


def test_odoo_finds_the_addons_in_the_wheels_only(environment, database):
    _name, _code, log = database
    (paths,) = re.findall(r"addons paths: .*", log.read_text())
    assert f"'{environment}/lib" in paths
    assert f"'{settings.ROOT}'" not in paths


def test_main_job(environment, database, new_server, inbox):
    name, _code, _log = database
    server = new_server(
        name,
        "--addons-path",
        own_addons(),
        odoo=(environment / "bin" / "odoo",),
    )
    scene = Scene(server, {ANN: "en_US"}, cc=False)
    scene.generate()
    scene.wait_until_sent(1)
    link = inbox.to(ANN).links()["accept"]
    assert "accepted" in press(link).text
    consent = scene.consent(ANN)
    assert (consent["state"], consent["accepted"]) == ("answered", True)
