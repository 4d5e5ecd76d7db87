"""The bare `tailtune`: the three commands that come next."""

from pathlib import Path

from tailtune import config
from tailtune.lab.detect import detect
from tailtune.lab.init import init


def commands(root: Path) -> list[str]:
    return [suggestion.command for suggestion in detect(root).next]


def test_an_empty_folder(tmp_path):
    assert commands(tmp_path) == [
        "tailtune doctor",
        "tailtune init -- ./server --port '{port}'",
        "tailtune load http://127.0.0.1:8080/",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_service_without_configuration(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "go.mod").write_text("module x\n")
    (tmp_path / "main.go").write_text('package main\n\nfunc main() { http.ListenAndServe(":80", nil) }\n')
    assert commands(tmp_path) == ["tailtune doctor", "tailtune init", "tailtune run"]


def test_a_configuration(tmp_path):
    init(tmp_path, command=["./server"])
    assert commands(tmp_path) == ["tailtune run", "tailtune explain", "tailtune doctor"]
    path = tmp_path / config.FILE_NAME
    path.write_text(path.read_text() + '\n[variants.fast]\nenv = { FAST = "1" }\n')
    assert commands(tmp_path)[-1] == "tailtune compare base fast"


def test_a_commit_is_what_the_working_tree_is_compared_with(tmp_path):
    init(tmp_path, command=["./server"])
    path = tmp_path / config.FILE_NAME
    path.write_text(
        path.read_text().replace('"command"', '"go"').replace('binary = "./server"\n', "")
        + '\n[variants.before]\ngit_ref = "HEAD"\n'
    )
    assert commands(tmp_path)[-1] == "tailtune compare before base"


def test_a_configuration_further_down(tmp_path):
    (tmp_path / "shop").mkdir()
    init(tmp_path / "shop", command=["./server"])
    assert commands(tmp_path)[0] == "tailtune run --config shop/tailtune.toml"


def test_a_broken_configuration_is_told_not_raised(tmp_path):
    path = tmp_path / config.FILE_NAME
    path.write_text("[service]\nlanguage = 3\n")
    overview = detect(tmp_path)
    assert overview.detected.config == str(path)
    assert "service.language" in overview.next[0].reason
