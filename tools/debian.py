# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Debian packages, fetched and unpacked without root and without installing them.

apt runs with folders of its own and a sources file derived from the machine's, so
that the machine's package state is neither needed nor changed.
"""

import re
import shutil
from pathlib import Path

from .errors import ToolError
from .process import run

ETC_APT = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
# Suites that only the Debian archive itself has, whatever the machine's release is.
DEBIAN_SUITES = {"stable", "testing", "unstable", "sid"}


def codename():
    """The code name of the machine's release, such as "bookworm"; "" if unknown."""
    text = OS_RELEASE.read_text() if OS_RELEASE.exists() else ""
    found = re.search(r"^VERSION_CODENAME=\"?(\w+)", text, re.M)
    return found.group(1) if found else ""


def archives(etc_apt=ETC_APT, release=None):
    """The machine's sources that look like the Debian archive, as deb822 fields.

    Third-party and security sources are left out: a source counts if it has the
    component "main" for the machine's own release or for a suite of Debian's.
    """
    suites = DEBIAN_SUITES | {release or codename()}
    found = []
    for fields in _sources(etc_apt):
        if (
            "deb" in fields["Types"].split()
            and "main" in fields.get("Components", "").split()
            and suites & set(fields["Suites"].split())
            and not fields["URIs"].startswith("cdrom:")
            and fields.get("Enabled", "yes") != "no"
        ):
            kept = {
                name: fields[name]
                for name in ("URIs", "Signed-By", "Trusted")
                if name in fields
            }
            if kept not in found:
                found.append(kept)
    return found


def _sources(etc_apt):
    folder = etc_apt / "sources.list.d"
    for path in [etc_apt / "sources.list", *sorted(folder.glob("*.list"))]:
        if path.exists():
            yield from _one_line_sources(path.read_text())
    for path in sorted(folder.glob("*.sources")):
        yield from _deb822_sources(path.read_text())


def _one_line_sources(text):
    line_format = re.compile(r"^(deb\S*)\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)")
    names = {"signed-by": "Signed-By", "trusted": "Trusted"}
    for line in text.splitlines():
        found = line_format.match(line.strip())
        if found:
            types, options, uri, suite, components = found.groups()
            fields = {
                "Types": types,
                "URIs": uri,
                "Suites": suite,
                "Components": components,
            }
            for option in (options or "").split():
                name, _, value = option.partition("=")
                if name.lower() in names:
                    fields[names[name.lower()]] = value
            yield fields


def _deb822_sources(text):
    text = re.sub(r"^#.*\n?", "", text, flags=re.M)
    # a line which begins with a space continues the field before it
    field = re.compile(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", re.M)
    for stanza in re.split(r"\n\s*\n", text):
        fields = {}
        for name, value in field.findall(stanza):
            fields[name] = value
        if {"Types", "URIs", "Suites"} <= fields.keys():
            yield fields


class Apt:
    """apt for some suites of the Debian archive, in a folder of its own.

    :param folder: a folder that exists, and is the caller's to remove
    """

    def __init__(self, folder, suites):
        self.folder = folder
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            raise ToolError("apt-get and dpkg are not installed")
        for name in ("etc", "none", "lists/partial", "cache/archives/partial", "debs"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.options = [
            f"-o{name}={value}"
            for name, value in {
                "Dir::Etc::sourcelist": "/dev/null",
                "Dir::Etc::sourceparts": folder / "etc",
                "Dir::Etc::preferences": "/dev/null",
                "Dir::Etc::preferencesparts": folder / "none",
                "Dir::State::Lists": folder / "lists",
                "Dir::Cache": folder / "cache",
                # the sandbox user of apt may not enter a person's own folders
                "APT::Sandbox::User": "",
                "APT::Update::Error-Mode": "any",
                "Acquire::Languages": "none",
            }.items()
        ]
        self._update(suites)

    def _update(self, suites):
        error = ToolError("no source of the Debian archive is in /etc/apt")
        for archive in archives():
            stanza = {
                "Types": "deb",
                "Suites": " ".join(dict.fromkeys(suites)),
                "Components": "main",
                **archive,
            }
            (self.folder / "etc" / "archive.sources").write_text(
                "".join(f"{name}: {value}\n" for name, value in stanza.items())
            )
            try:
                run(
                    ["apt-get", *self.options, "update"],
                    "apt-get could not read the package lists",
                )
                return
            except ToolError as failure:
                error = failure
        raise error

    def unpack(self, packages, root):
        """Download and unpack packages, each "name" or "name/suite"."""
        debs = self.folder / "debs"
        run(
            ["apt-get", *self.options, "download", *packages],
            f"apt-get could not download {packages[0]}",
            cwd=debs,
        )
        for deb in sorted(debs.glob("*.deb")):
            run(["dpkg", "-x", deb, root], f"dpkg could not unpack {deb.name}")
            deb.unlink()
