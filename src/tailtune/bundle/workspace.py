"""Where a project keeps what tailtune records: the folder `.tailtune` beside `tailtune.toml`."""

from pathlib import Path
from typing import Final

from tailtune.errors import RecordingError

FOLDER: Final = ".tailtune"
PARTIAL_PREFIX: Final = ".partial-"
"""Unfinished recordings are `runs/.partial-<id>-<pid>`."""
REMOVED_PREFIX: Final = ".removed-"
"""Recordings on their way out are `runs/.removed-<id>`."""


class Workspace:
    """The paths under one project's `.tailtune`; nothing is created until something is written."""

    def __init__(self, root: Path) -> None:
        """Name the workspace of the project at `root`, the folder that holds `tailtune.toml`."""
        self.root = root
        self.path = root / FOLDER
        self.runs = self.path / "runs"
        self.builds = self.path / "builds"
        self.catalogue = self.path / "catalogue.sqlite"

    def run(self, recording_id: str) -> Path:
        """Return the directory that the finished recording of this id has."""
        return self.runs / recording_id

    def finished(self) -> list[Path]:
        """Return the directories of all finished recordings, oldest first."""
        return sorted(path for path in self._entries() if not path.name.startswith("."))

    def unfinished(self) -> list[Path]:
        """Return the directories of recordings being written or left behind, oldest first."""
        return sorted(path for path in self._entries() if path.name.startswith(PARTIAL_PREFIX))

    def removed(self) -> list[Path]:
        """Return the directories whose removal was begun."""
        return sorted(path for path in self._entries() if path.name.startswith(REMOVED_PREFIX))

    def ensure(self) -> None:
        """Create the folders, and a `.gitignore` that keeps recordings out of the user's commits.

        Raises:
            RecordingError: if the project's folder cannot be written.
        """
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            self.builds.mkdir(exist_ok=True)
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise RecordingError(
                f"{self.path} cannot be created: {error.strerror}",
                hint="recordings are kept beside tailtune.toml; make that folder writable",
            ) from error

    def _entries(self) -> list[Path]:
        return [path for path in self.runs.iterdir() if path.is_dir()] if self.runs.is_dir() else []
