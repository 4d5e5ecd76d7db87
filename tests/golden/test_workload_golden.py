"""What each importer writes, and what is fitted to a log, is as stored; TAILTUNE_UPDATE_GOLDEN=1 stores it anew."""

import os
from pathlib import Path

import pytest
from tests.support.imports import SOURCES, VEGETA_JSON, Silent, imported
from tests.support.logs import shop_log

from tailtune import config
from tailtune.lab.workload_fit import fit_workload
from tailtune.lab.workload_import import ImportChoices

COPIES = Path(__file__).parent / "workload"
CASES = {**SOURCES, "vegeta-json": VEGETA_JSON}


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_an_importer_writes_is_as_stored(name: str, tmp_path: Path) -> None:
    result = imported(name.removesuffix("-json") if name == "vegeta-json" else name, CASES[name], tmp_path)
    texts = [path.read_text(encoding="utf-8") for path in map(Path, result.files) if path.is_file()]
    compare(COPIES / f"{name}.txt", "\n---\n".join(texts))


def test_what_is_fitted_to_a_log_is_as_stored(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(shop_log())
    fit_workload("access-log", tmp_path / "log", tmp_path / "workload.toml", ImportChoices(), 1, Silent())
    compare(COPIES / "fit.txt", (tmp_path / "workload.toml").read_text(encoding="utf-8"))


def compare(copy: Path, made: str) -> None:
    if os.environ.get("TAILTUNE_UPDATE_GOLDEN"):
        copy.write_text(made, encoding="utf-8")
    assert made == copy.read_text(encoding="utf-8")
    config.parse_workload(made.partition("\n---\n")[0], Path("workload.toml"))
