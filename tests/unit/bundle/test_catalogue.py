"""Listing, finding and removing recordings."""

import sqlite3

import pytest
from tests.support.recordings import load_report, record

from tailtune.bundle import Catalogue, Workspace
from tailtune.errors import UsageError
from tailtune.model.load import Validity
from tailtune.model.recording import Kind


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def test_an_empty_workspace_lists_nothing_and_creates_nothing(workspace):
    assert Catalogue(workspace).list() == []
    assert not workspace.path.exists()
    with pytest.raises(UsageError, match="there are 0"):
        Catalogue(workspace).resolve("latest")


def test_entries_tell_what_was_recorded(workspace):
    record(workspace, load=load_report(validity=Validity.SUSPECT), workload_name="search")
    for _ in range(2):  # read from the directory, then from the database
        (entry,) = Catalogue(workspace).list()
        assert (entry.kind, entry.workload, entry.requests) == (Kind.RUN, "search", 1000)
        assert entry.validity is Validity.SUSPECT
        assert entry.size_bytes > 500


def test_recordings_are_found_by_beginning_end_order_and_path(workspace):
    first, second = record(workspace), record(workspace, kind=Kind.EXPERIMENT)
    catalogue = Catalogue(workspace)
    assert catalogue.resolve("latest") == workspace.run(second)
    assert catalogue.resolve("latest~1") == workspace.run(first)
    assert catalogue.resolve("latest", [Kind.RUN]) == workspace.run(first)
    assert catalogue.resolve(first) == workspace.run(first)
    assert catalogue.resolve(first[-4:]) == workspace.run(first)
    assert catalogue.resolve(str(workspace.run(first))) == workspace.run(first)


@pytest.mark.parametrize("name", ["2", "nothing", "latest~2", "latest~x", "later"])
def test_names_that_fit_none_or_several_are_refused(workspace, name):
    record(workspace)
    record(workspace)
    with pytest.raises(UsageError, match=f"'{name}'"):
        Catalogue(workspace).resolve(name)


def test_removal(workspace):
    first, second = record(workspace), record(workspace)
    catalogue = Catalogue(workspace)
    catalogue.remove(catalogue.resolve("latest"))
    assert [entry.id for entry in Catalogue(workspace).list()] == [first]
    assert not workspace.run(second).exists()


def test_an_interrupted_removal_is_completed(workspace):
    first = record(workspace)
    workspace.run(first).rename(workspace.runs / f".removed-{first}")
    assert Catalogue(workspace).list() == []
    assert list(workspace.runs.iterdir()) == []


def test_recordings_of_other_places_are_not_removed(workspace, tmp_path):
    elsewhere = Workspace(tmp_path / "other")
    path = elsewhere.run(record(elsewhere))
    with pytest.raises(UsageError, match="is not in"):
        Catalogue(workspace).remove(path)
    assert path.exists()


@pytest.mark.parametrize("damage", ["nonsense", "gone", "other rows", "moved"])
def test_the_database_heals_itself(workspace, damage):
    identifier = record(workspace)
    Catalogue(workspace).list()
    if damage == "nonsense":
        workspace.catalogue.write_bytes(b"this is no database, but long enough to look like one" * 100)
    elif damage == "gone":
        workspace.catalogue.unlink()
    elif damage == "other rows":
        with sqlite3.connect(workspace.catalogue) as database:
            database.execute("UPDATE recordings SET entry = x'00'")
            database.execute("INSERT INTO recordings VALUES ('20200101-000000-0000', '{}')")
        database.close()
    else:
        workspace.root.rename(workspace.root.with_name("moved"))
        workspace = Workspace(workspace.root.with_name("moved"))
    for _ in range(2):
        assert [(entry.id, entry.path) for entry in Catalogue(workspace).list()] == [
            (identifier, str(workspace.run(identifier)))
        ]


def test_a_directory_without_a_row_is_found(workspace):
    Catalogue(workspace).list()
    with_row = record(workspace)
    Catalogue(workspace).list()
    without_row = record(workspace)  # as if killed before the row was written
    assert [entry.id for entry in Catalogue(workspace).list()] == [with_row, without_row]
