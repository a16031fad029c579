# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The commands of the Makefile.

Each runs in two steps: the machine's Python brings Odoo and .venv, and then the
Python of .venv, which has more packages, does the rest.
"""

import os
import shutil
import signal
import subprocess
import sys

from . import odoo_source, ports, python_env, settings
from .errors import DISK_FULL, ToolError, means_disk_full
from .process import lock, say

LOCK = settings.DEV / "lock"


def main(arguments):
    """Run a command, and return its exit code."""
    os.chdir(settings.ROOT)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        command, *rest = arguments
        return COMMANDS[command](rest)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except ToolError as error:
        message = error
    except OSError as error:
        if not means_disk_full(error):
            raise
        message = DISK_FULL
    print(message, file=sys.stderr)
    return 1


def demo(arguments):
    """Run the demo until it is interrupted."""
    if not _in_venv():
        ports.check()
    _prepare("demo", arguments)
    from . import demo as running

    running.run()


def test(arguments):
    """Run the tests; the arguments are pytest's."""
    _prepare("test", arguments)
    from . import test as session

    return session.run([*session.PARALLEL, *arguments])


def soak(arguments):
    """Run the long tests; the arguments are pytest's."""
    _prepare("soak", arguments)
    from . import test as session

    return session.run([session.SOAK, *arguments])


def bench(arguments):
    """Run the benchmarks; the arguments name some of them."""
    _prepare("bench", arguments)
    from . import bench as session

    return session.run(arguments)


def lint(arguments):
    """Run the checks of .pre-commit-config.yaml."""
    from . import lint as checks

    return checks.run()


def env(arguments):
    """Prepare Odoo, its packages, the database server and the configuration."""
    _prepare("env", arguments)
    say("Ready: .venv/bin/odoo is Odoo, .dev/odoo.conf its configuration.")


def odoo(arguments):
    """Bring Odoo; a part of the other commands."""
    odoo_source.prepare()


def stop(arguments):
    """Stop the demo and the database server."""
    if _in_venv():
        from . import demo as running
        from . import postgres

        running.stop()
        postgres.stop()
    elif settings.VENV_PYTHON.exists():
        _continue_in_venv("stop", arguments)


def clean(arguments):
    """Stop everything and remove what was made in this clone."""
    if _in_venv():
        from . import databases

        databases.drop_from_own_server()
        stop(arguments)
        return
    if settings.VENV_PYTHON.exists():
        subprocess.call([settings.VENV_PYTHON, "-m", "tools", "clean"])
    made = settings.DEV, settings.VENV, settings.MACHINE_FOLDER, settings.SHORT_FOLDER
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(command, arguments):
    if not _in_venv():
        with lock(LOCK):
            _bring_odoo_and_packages()
        _continue_in_venv(command, arguments)
    from . import configuration, postgres

    with lock(LOCK):
        configuration.write(odoo_source.find(), postgres.start())


def _bring_odoo_and_packages():
    if not odoo_source.find():
        # a process, so that either can be stopped when the other one fails
        fetching = subprocess.Popen([sys.executable, "-m", "tools", "odoo"])
        with fetching:
            try:
                python_env.prepare()
            except BaseException:
                fetching.terminate()
                raise
        if fetching.returncode:
            sys.exit(fetching.returncode)
    python_env.prepare()
    python_env.add_odoo(odoo_source.find())


def _in_venv():
    return sys.prefix == str(settings.VENV)


def _continue_in_venv(command, arguments):
    sys.stdout.flush()
    os.execv(
        settings.VENV_PYTHON,
        [str(settings.VENV_PYTHON), "-m", "tools", command, *arguments],
    )


COMMANDS = {
    "demo": demo,
    "test": test,
    "soak": soak,
    "bench": bench,
    "lint": lint,
    "env": env,
    "odoo": odoo,
    "stop": stop,
    "clean": clean,
}
