"""Gather real text on this machine for the example services: documents, and what users would ask for.

Nothing is downloaded. Sources, in order, until there is enough text: the documentation in Go's own
source tree, the Markdown files of crates in Cargo's registry, Python's help topics. The same
toolchains give the same files, byte for byte.

    examples/.corpus/documents/*.md   the documents
    examples/.corpus/names.txt        names of documents, one a request, popular ones often
    examples/.corpus/queries.txt      search words and phrases, one a request, popular ones often
    examples/.corpus/prefixes.txt     the beginnings of queries, as typed so far
    examples/.corpus/terms.txt        every distinct word, most frequent first
"""

import argparse
import hashlib
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

MINIMUM_BYTES = 1_000_000
TARGET_BYTES = 2_000_000
DOCUMENT_BYTES = 20_000
"""Documents are cut at the first section that begins after this many bytes."""
DRAWS = 2_000
ZIPF_EXPONENT = 0.9
"""Popularity of the item of rank r is r to the power of minus this; web search lies near 1."""

STAMP = "made-by"
"""File that tells which version of this script built the corpus."""

Document = tuple[str, str]
"""Name, of letters, digits and dashes; Markdown text."""

_DECLARATION = re.compile(r"(?:package|func|type|const|var)\b[^{\n]*")
_NAME = re.compile(r"(?:func(?: \(\w* ?\*?(\w+)[^)]*\))?|type|const|var|package) (\w+)")
_DOC_LINK = re.compile(r"\[\*?((?:([a-z]\w*)(?:/\w+)*\.)?([A-Z]\w*(?:\.\w+)?))\](?![(:])")
_WORD = re.compile(r"[a-z][a-z0-9]{2,23}")


def main() -> int:
    """Build the corpus beside this script; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / ".corpus")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--force", action="store_true", help="build again even if the corpus is there")
    options = parser.parse_args()
    if not options.force and is_current(options.output, options.seed):
        print(f"{options.output}: there already (--force builds it again)", file=sys.stderr)
        return 0
    documents = gather(TARGET_BYTES)
    size = sum(len(text.encode()) for _, text in documents)
    if size < MINIMUM_BYTES:
        print(
            f"error: found only {size:,} bytes of text on this machine, {MINIMUM_BYTES:,} are needed.\n"
            "Looked in: the source tree of Go (`go env GOROOT`), Cargo's registry, Python's help topics.\n"
            "hint: install Go, or put `go` on PATH, and try again.",
            file=sys.stderr,
        )
        return 1
    write(documents, options.output, options.seed)
    print(f"{options.output}: {len(documents)} documents, {size:,} bytes", file=sys.stderr)
    return 0


def is_current(output: Path, seed: int) -> bool:
    """Whether this version of the script has built the corpus that is there."""
    stamp = output / STAMP
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _stamp(seed)


def _stamp(seed: int) -> str:
    return hashlib.sha256(Path(__file__).read_bytes() + str(seed).encode()).hexdigest()


def gather(target_bytes: int) -> list[Document]:
    """Take documents from the sources in order until they hold `target_bytes`."""
    found: dict[str, str] = {}
    size = 0
    for name, text in itertools.chain(go_documents(), cargo_documents(), python_documents()):
        if size >= target_bytes:
            break
        if name not in found and len(text) > 500:
            found[name] = text
            size += len(text.encode())
    return sorted(found.items())


def go_documents() -> Iterator[Document]:
    """Yield the documentation of Go's standard library, one or more documents a package."""
    root = _go_root()
    if root is None:
        return
    source = root / "src"
    packages = [folder for folder in _folders(source) if _is_public(folder.relative_to(source))]
    homes = {folder.name: _slug(folder.relative_to(source).parts) for folder in reversed(packages)}
    for folder in packages:
        name = _slug(folder.relative_to(source).parts)
        title = f"Package {folder.relative_to(source).as_posix()}"
        yield from cut(name, title, [_link(section, homes) for section in _package_sections(folder)])


def _go_root() -> Path | None:
    go = shutil.which("go")
    if go is None:
        return None
    answer = subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, check=False)
    root = Path(answer.stdout.strip())
    return root if answer.returncode == 0 and (root / "src").is_dir() else None


def _folders(source: Path) -> list[Path]:
    return sorted(path for path in source.rglob("*") if path.is_dir())


def _is_public(relative: Path) -> bool:
    return not {"cmd", "internal", "testdata", "vendor"}.intersection(relative.parts)


def _package_sections(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.go")):
        if not path.name.endswith("_test.go"):
            yield from _sections(path.read_text(encoding="utf-8", errors="replace"))


def _sections(code: str) -> Iterator[str]:
    """Yield one Markdown section for each top-level declaration with a doc comment."""
    comment: list[str] = []
    for line in code.splitlines():
        if line.startswith("//"):
            if not line.startswith("//go:"):
                comment.append(line[2:].removeprefix(" "))
            continue
        declared = _DECLARATION.match(line)
        if declared and comment:
            yield _section(declared[0].rstrip(), comment)
        comment = []


def _section(declaration: str, comment: list[str]) -> str:
    name = _NAME.match(declaration)
    title = ".".join(part for part in name.groups() if part) if name else declaration.strip(" (")
    text = "\n".join(f"##{line}" if line.startswith("# ") else line for line in comment)
    if declaration.startswith("package"):
        return f"## Overview\n\n{text}\n"
    return f"## {title}\n\n```go\n{declaration}\n```\n\n{text}\n"


def _link(section: str, homes: dict[str, str]) -> str:
    """Turn Go's doc links, `[bytes.Buffer]`, into Markdown links between documents."""

    def target(link: re.Match[str]) -> str:
        label, package, symbol = link.groups()
        if package is None:
            return f"[{label}](#{symbol})"
        return f"[{label}]({homes[package]}.md#{symbol})" if package in homes else label

    return _DOC_LINK.sub(target, section)


def cargo_documents() -> Iterator[Document]:
    """Yield the Markdown files at the top of each crate in Cargo's registry."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    for path in sorted(home.glob("registry/src/*/*/*.md"), key=lambda path: path.parts[-2:]):
        text = path.read_text(encoding="utf-8", errors="replace")
        sections = re.split(r"^(?=#)", text, flags=re.MULTILINE)
        yield from cut(_slug([path.parent.name, path.stem]), f"Crate {path.parent.name}", sections)


def python_documents() -> Iterator[Document]:
    """Yield the topics of Python's `help()`."""
    try:
        from pydoc_data.topics import topics
    except ImportError:  # some distributions package it apart
        return
    for name, text in sorted(topics.items()):
        yield from cut(_slug(["python", name]), f"Python help on {name}", [text])


def _slug(parts: Iterable[str]) -> str:
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def cut(name: str, title: str, sections: Iterable[str]) -> Iterator[Document]:
    """Join sections to documents of about DOCUMENT_BYTES: `name`, `name-2`, `name-3` ..."""
    parts = [""]
    for section in sections:
        if len(parts[-1]) >= DOCUMENT_BYTES:
            parts.append("")
        parts[-1] += section + "\n"
    for number, text in enumerate(parts, start=1):
        if text.strip() and number == 1:
            yield name, f"# {title}\n\n{text}"
        elif text.strip():
            yield f"{name}-{number}", f"# {title}, part {number}\n\n{text}"


def write(documents: list[Document], output: Path, seed: int) -> None:
    """Write the corpus to a temporary folder and move it to `output` in one step."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{output.name}.", dir=output.parent) as scratch:
        made = Path(scratch) / "corpus"
        (made / "documents").mkdir(parents=True)
        for name, text in documents:
            (made / "documents" / f"{name}.md").write_text(text, encoding="utf-8")
        words = count_words(text for _, text in documents)
        _write_lines(made / "terms.txt", [word for word, _ in _by_frequency(words)])
        draw = random.Random(seed)
        names = [name for name, _ in documents]
        draw.shuffle(names)
        queries = draw_queries(documents, words, draw)
        _write_lines(made / "names.txt", draw_popular(names, draw))
        _write_lines(made / "queries.txt", queries)
        _write_lines(made / "prefixes.txt", [_typed_so_far(query, draw) for query in queries])
        (made / STAMP).write_text(_stamp(seed), encoding="utf-8")
        if output.exists():
            shutil.rmtree(output)
        made.rename(output)


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Count in how many documents each word of three letters or more occurs."""
    words: Counter[str] = Counter()
    for text in texts:
        words.update(set(_WORD.findall(text.lower())))
    return words


def _by_frequency(words: Counter[str]) -> list[tuple[str, int]]:
    return sorted(words.items(), key=lambda item: (-item[1], item[0]))


def draw_queries(documents: list[Document], words: Counter[str], draw: random.Random) -> list[str]:
    """Draw DRAWS queries: words that tell documents apart, and pairs of them that stand side by side."""
    least, most = len(documents) // 20, len(documents) // 3
    telling = {word for word, count in words.items() if least <= count <= most}
    phrases: Counter[str] = Counter()
    for _, text in documents:
        found = _WORD.findall(text.lower())
        phrases.update(f"{a} {b}" for a, b in itertools.pairwise(found) if a != b and {a, b} <= telling)
    singles = Counter({word: words[word] for word in telling})
    ranked = [word for word, _ in _by_frequency(singles)[:1_500]]
    ranked += [phrase for phrase, _ in _by_frequency(phrases)[:500]]
    draw.shuffle(ranked)
    return draw_popular(ranked, draw)


def draw_popular(items: list[str], draw: random.Random) -> list[str]:
    """Draw DRAWS items with replacement, the first most often, by Zipf's law."""
    weights = [(rank + 1) ** -ZIPF_EXPONENT for rank in range(len(items))]
    return draw.choices(items, weights, k=DRAWS)


def _typed_so_far(query: str, draw: random.Random) -> str:
    start, space, last = query.rpartition(" ")
    return start + space + last[: draw.randint(2, 5)]


if __name__ == "__main__":
    sys.exit(main())
