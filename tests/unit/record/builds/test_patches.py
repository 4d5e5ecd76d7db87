"""A patch that does not fit is told by its hunk."""

from pathlib import Path

import pytest

from tailtune.errors import BuildError
from tailtune.record.builds import patches

OLD = "".join(f"line {number}\n" for number in range(1, 31))
PATCH = """--- a/sub/file
+++ b/sub/file
@@ -3,3 +3,3 @@
 line 3
-line 4
+line four
 line 5
@@ -20,3 +20,3 @@
 line 20
-line 21
+line twenty-one
 line 22
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "sub").mkdir(parents=True)
    (top / "sub" / "file").write_text(OLD)
    return top


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "change.diff"
    path.write_text(text)
    return path


def test_paths_begin_at_the_top_or_at_the_project(tree: Path, tmp_path: Path) -> None:
    patches.apply(write(tmp_path, PATCH), tree, "", tmp_path)
    assert "line four\n" in (tree / "sub" / "file").read_text()
    (tree / "sub" / "file").write_text(OLD)
    patches.apply(write(tmp_path, PATCH.replace("/sub/", "/")), tree, "sub/", tmp_path)
    assert "line twenty-one\n" in (tree / "sub" / "file").read_text()


def test_the_hunk_that_does_not_fit_is_named_and_nothing_changes(tree: Path, tmp_path: Path) -> None:
    wrong = PATCH.replace("-line 21\n", "-line 99\n")
    with pytest.raises(BuildError, match="its hunk at line 20 of sub/file does not fit") as told:
        patches.apply(write(tmp_path, wrong), tree, "", tmp_path)
    assert told.value.detail.splitlines()[0] == "@@ -20,3 +20,3 @@"
    assert "+line twenty-one" in told.value.detail
    assert "line 4" not in told.value.detail
    assert (tree / "sub" / "file").read_text() == OLD


@pytest.mark.parametrize(
    "text", ["", "no patch\n", PATCH.replace("sub/file", "sub/other"), "--- a/x\n+++ b/x\n@@ -1 +1"]
)
def test_what_is_no_patch_for_this_tree_is_refused(tree: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(BuildError, match=r"the patch .*change\.diff does not apply"):
        patches.apply(write(tmp_path, text), tree, "sub/", tmp_path)
    assert (tree / "sub" / "file").read_text() == OLD
