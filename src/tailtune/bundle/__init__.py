"""The recording on disk: schema and version, writer, reader, catalogue."""

from tailtune.bundle.catalogue import Catalogue
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.bundle.writer import BundleWriter
from tailtune.model.recording import Entry

__all__ = ["Bundle", "BundleWriter", "Catalogue", "Entry", "Workspace"]
