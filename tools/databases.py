# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Template databases, made once and copied in a moment, each with its filestore.

A template is made in two stages, so that a change of our addons costs seconds:
Odoo's own modules first, and on a copy of that our addons. The name of a template
ends with a hash of what it was made from.
"""

import ast
import hashlib
import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass

import psycopg2
from psycopg2.sql import SQL, Identifier, Literal

from . import odoo_source, postgres, settings
from .errors import DISK_FULL, ToolError, means_disk_full
from .process import lock, run, say, tail

LOCK = settings.DEV / "databases.lock"
PREFIX = f"pc_{settings.CLONE_ID}_"
FILESTORES = settings.DATA_DIR / "filestore"


@dataclass(frozen=True)
class Variant:
    """What a template has beside our addons and what they depend on.

    :ivar addons: the names of our addons that it has
    :ivar modules: those of Odoo that it has, beside what the addons need
    """

    addons: tuple
    modules: tuple = ()
    options: tuple = ("--skip-auto-install",)


# What an ordinary installation has, and what needs more of Odoo's own modules.
_ORDINARY = ("mail_queue_safe", "privacy", "privacy_consent")
_WITH_PORTAL = (
    *_ORDINARY,
    "privacy_consent_evidence",
    "privacy_consent_lookup",
    "privacy_consent_mass_mailing",
    "privacy_consent_portal",
)
VARIANTS = {
    # of what the addons can do without, nothing
    "lean": Variant(_ORDINARY),
    # every ordinary installation has Odoo's import
    "portal": Variant(_WITH_PORTAL, modules=("base_import",)),
    "website": Variant(
        (
            *_ORDINARY,
            "privacy_consent_mass_mailing",
            "privacy_consent_newsletter",
            "privacy_consent_portal",
            "privacy_consent_website",
        ),
        modules=("website_cf_turnstile",),
    ),
    # whatever of Odoo's own forms may have a box for consent
    "shop": Variant(
        (*_ORDINARY, "privacy_consent_portal", "privacy_consent_website"),
        modules=("website_event", "website_hr_recruitment", "website_sale"),
    ),
    # an ordinary installation, and a menu with all contacts
    "demo": Variant(_WITH_PORTAL, modules=("contacts",), options=("--with-demo",)),
    "evidence": Variant((*_ORDINARY, "privacy_consent_evidence")),
    "odoo_queue": Variant(("privacy", "privacy_consent")),
}


def template(variant):
    """The name of the template database of a variant, which is made if missing."""
    with lock(LOCK):
        source = _base(variant)
        addons = _addons(VARIANTS[variant])
        _, our_modules = _modules(VARIANTS[variant], addons)
        prefix = f"{PREFIX}{variant}_"
        name = f"{prefix}{_hash(source, our_modules, *_addon_files(addons))}"
        if not exists(name):
            say(f"Database {variant}: installing {', '.join(our_modules)}")
            _build(name, source, our_modules, VARIANTS[variant].options)
            for old in names(prefix):
                if old != name:
                    drop(old)
    return name


def base(variant):
    """The name of the database with Odoo's own modules only that a variant has."""
    with lock(LOCK):
        return _base(variant)


def _base(variant):
    options = VARIANTS[variant].options
    modules, _ = _modules(VARIANTS[variant], _addons(VARIANTS[variant]))
    name = f"{PREFIX}base_{_hash(_odoo_version(), modules, options)}"
    if not exists(name):
        say(f"Database {variant}: installing Odoo's own modules")
        _build(name, None, modules, options)
    return name


def copy(source, name):
    """Copy a database, with its filestore, into a new database of that name."""
    if (FILESTORES / source).exists():
        shutil.copytree(FILESTORES / source, FILESTORES / name, dirs_exist_ok=True)
    _execute("CREATE DATABASE {} TEMPLATE {}", Identifier(name), Identifier(source))
    with closing(postgres.connect(name)) as connection, connection.cursor() as cursor:
        # what Odoo's own copying changes too: these are secrets of one database
        cursor.execute(
            "UPDATE ir_config_parameter SET value = gen_random_uuid()"
            " WHERE key IN ('database.uuid', 'database.secret')"
        )
        # Nothing is due in a copy, however old the source is: a server would do that
        # first, and nobody would see whether it is woken for anything else.
        cursor.execute("DELETE FROM ir_cron_trigger")
        cursor.execute(
            "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' + interval '1 day'"
            " WHERE nextcall < now() AT TIME ZONE 'UTC' + interval '1 day'"
        )


def drop(name):
    """Drop a database, if it exists, and its filestore, whoever is connected to it."""
    if exists(name):
        # Not WITH (FORCE): that fails while autovacuum, which is of no role, is at work
        # in it. Without, PostgreSQL stops autovacuum itself.
        _execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", Identifier(name))
        _execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = {} AND usename = current_user",
            Literal(name),
        )
        _execute("DROP DATABASE {}", Identifier(name))
    shutil.rmtree(FILESTORES / name, ignore_errors=True)


def drop_from_own_server():
    """Drop what this clone has made on the person's own PostgreSQL server."""
    if postgres.is_own() and settings.CONF.exists():
        for name in names(""):
            if name.startswith(PREFIX) or PREFIX in (comment(name) or ""):
                drop(name)


def rename(old, new):
    """Give a database, and its filestore, a name that no database has."""
    shutil.rmtree(FILESTORES / new, ignore_errors=True)
    if (FILESTORES / old).exists():
        (FILESTORES / old).rename(FILESTORES / new)
    _execute("ALTER DATABASE {} RENAME TO {}", Identifier(old), Identifier(new))


def exists(name):
    """Whether there is a database of this name."""
    return name in names(name)


def names(prefix):
    """The names of the databases which begin with this."""
    with closing(postgres.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]
        )
        return [name for (name,) in cursor.fetchall()]


def comment(name):
    """The comment on a database, or None."""
    with closing(postgres.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = %s",
            [name],
        )
        (text,) = cursor.fetchone()
    return text


def set_comment(name, text):
    """Set the comment on a database."""
    _execute("COMMENT ON DATABASE {} IS {}", Identifier(name), Literal(text))


def _execute(text, *parts):
    with closing(postgres.connect()) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(SQL(text).format(*parts))
        except psycopg2.errors.DiskFull as error:
            raise ToolError(DISK_FULL) from error


def _build(name, source, modules, options):
    """Install modules in a copy of a database, or in a new one, and name it so.

    It gets its name in the end, so that a build which failed is not mistaken for a
    template. Only who has the lock may build.
    """
    unfinished = f"{PREFIX}unfinished"
    drop(unfinished)
    if source:
        copy(source, unfinished)
    log = settings.LOGS / f"{name}.log"
    settings.LOGS.mkdir(parents=True, exist_ok=True)
    with open(log, "w") as output:
        code = subprocess.call(
            [settings.VENV / "bin" / "odoo", "server", "-c", settings.CONF]
            + ["-d", unfinished, "-i", ",".join(modules), *options]
            + ["--stop-after-init", "--no-http"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=postgres.environment(),
        )
    missing = modules if code else _not_installed(unfinished, modules)
    # Odoo goes on without the demo data of a module that fails to load
    words = log.read_text(errors="replace")
    if missing and means_disk_full(words):
        raise ToolError(DISK_FULL)
    if missing or "demo data failed to install" in words:
        say(tail(log))
        raise ToolError(
            f"Odoo could not install {', '.join(missing or modules)}: its last words "
            f"are above, all of them in {log}."
        )
    # nobody may use it by mistake: it could not be copied any more
    _execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", Identifier(unfinished))
    rename(unfinished, name)


def _not_installed(name, modules):
    with closing(postgres.connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM ir_module_module WHERE state = 'installed'")
        return sorted(set(modules) - {module for (module,) in cursor.fetchall()})


def _addons(variant):
    """The folders of our addons that a variant has."""
    return [folder for folder in settings.addons() if folder.name in variant.addons]


def _modules(variant, addons):
    """The names of Odoo's modules to install first, and those of our addons."""
    depends = set(variant.modules)
    ours = []
    for folder in addons:
        manifest = ast.literal_eval((folder / "__manifest__.py").read_text())
        if manifest.get("installable", True):
            ours.append(folder.name)
            depends.update(manifest.get("depends", []))
    return sorted(depends - set(ours)) or ["base"], ours


def _odoo_version():
    odoo = odoo_source.find()
    version = f"{odoo.home} {odoo.version}"
    if (odoo.home / ".git").exists():
        version += run(["git", "-C", odoo.home, "rev-parse", "HEAD"], "git failed")
    return version


def _addon_files(addons):
    """Path and content of every file of these addons that ends up in a database."""
    for folder in addons:
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_file() and parts[0] != "tests" and "__pycache__" not in parts:
                yield str(path.relative_to(settings.ROOT))
                yield path.read_bytes()


def _hash(*parts):
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(b"%d " % len(data) + data)
    return digest.hexdigest()[:12]
