"""The version of each system that a file is written for: told, configured, or what its project asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.configured import Configured
from poollint.versions import Version, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poollint.configured import Options
    from poollint.files import Files
    from poollint.knowledge.index import Knowledge
    from poollint.readers.source.targets import Projects
    from poollint.readers.source.targets_go import GoModules
    from poollint.readers.source.targets_jvm import JvmProjects
    from poollint.readers.source.targets_python import PythonProjects

PYPI = "pypi:"  # marks the names of Python packages among those that tell a system's version
GO_MODULE = "go:"  # and the paths of Go modules
MAVEN = "maven:"  # and the coordinates of JVM libraries


class Targets(Configured):
    """A run that knows which versions are meant."""

    def __init__(self, options: Options, files: Files, known: Knowledge | None = None) -> None:
        super().__init__(options, known)
        self.files = files
        self._projects: Projects | None = None
        self._python_projects: PythonProjects | None = None
        self._go_modules: GoModules | None = None
        self._jvm_projects: JvmProjects | None = None

    def target_for(self, system: str, path: str) -> Version | None:
        if system in self.options.targets:
            return self.options.targets[system]
        from poollint.config import versions_for

        found = versions_for(self.config_for(path), path).get(system)
        packages = self.knowledge.systems.get(system, {}).get("packages") if found is None else None
        if not packages:
            return found
        if packages[0].startswith(PYPI):
            return self._python_target(packages, path)
        if packages[0].startswith(GO_MODULE):
            return self._go_target(packages, path)
        if packages[0].startswith(MAVEN):
            return self._jvm_target(system, packages, path)
        installed = self.packages_for(path)
        return next((version for name in packages if (version := installed.get(name)) is not None), None)

    def _python_target(self, packages: Sequence[str], path: str) -> Version | None:
        """The version of a Python package that the project of a file pins, if it does."""
        if self._python_projects is None:
            from poollint.readers.source.targets_python import PythonProjects

            self._python_projects = PythonProjects(self.files)
        installed = self._python_projects.of(path)
        return next((version for name in packages if (version := installed.get(name[len(PYPI) :])) is not None), None)

    def _go_target(self, packages: Sequence[str], path: str) -> Version | None:
        """The version of a Go module, or of Go itself, that the module of a file asks for."""
        if self._go_modules is None:
            from poollint.readers.source.targets_go import GoModules

            self._go_modules = GoModules(self.files)
        wanted = self._go_modules.of(path)
        return next((version for name in packages if (version := wanted.get(name[len(GO_MODULE) :])) is not None), None)

    def _jvm_target(self, system: str, packages: Sequence[str], path: str) -> Version | None:
        """The version of a JVM library that the build of a file names, or that its release of a framework brings."""
        from poollint.readers.source.targets_jvm import JvmProjects, bundled

        if self._jvm_projects is None:
            self._jvm_projects = JvmProjects(self.files)
        found = self._jvm_projects.of(path)
        for name in packages:
            if name[len(MAVEN) :] in found:
                return found[name[len(MAVEN) :]]
        for framework, table in self.knowledge.catalogue(system).parameters.get("bundled", {}).items():
            release = self.target_for(framework, path)
            if release is not None:
                return bundled(release, table)
        return None

    def packages_for(self, path: str) -> Mapping[str, Version | None]:
        """The packages of the project that a source file belongs to, by what stands beside it."""
        if self._projects is None:
            from poollint.readers.source.targets import Projects

            self._projects = Projects(self.files)
        return self._projects.of(path).packages


def parse_targets(texts: Iterable[str], systems: Mapping[str, Any]) -> dict[str, Version]:
    """``["nginx=1.22"]`` -> {"nginx": (1, 22)}. ValueError with the reason for anything else."""
    from poollint.config import closest

    targets = {}
    for text in texts:
        system, equals, version = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r}: a target is SYSTEM=VERSION, such as nginx=1.22")
        if system not in systems:
            raise ValueError(f"{text!r}: no system {system!r}{closest(system, systems)}")
        try:
            targets[system] = parse_version(version)
        except ValueError as error:
            raise ValueError(f"{text!r}: {error}") from None
    return targets
