"""Make a book of documentation out of the examples' corpus, as generators of static sites do.

Beside this script:

    .site/NAME.html          a page for each document, with the table of contents beside its text
    .site/print.html         all of them on one page
    .site/searchindex.json   their text, for the search in the browser
    .site/*.gz               each file compressed, for servers that take it from there
    .site/pages.txt          names of the pages, most popular first
"""

import gzip
import html
import json
import random
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCUMENTS = HERE.parents[2] / "examples" / ".corpus" / "documents"
SITE = HERE / ".site"


def main() -> int:
    """Write the site beside this script; return the exit code."""
    documents = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DOCUMENTS.glob("*.md"))}
    if not documents:
        print(f"error: no documents in {DOCUMENTS}\nhint: python3 examples/corpus.py", file=sys.stderr)
        return 1
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir()
    chapters = [f'<li><a href="{name}.html">{html.escape(title(text))}</a></li>' for name, text in documents.items()]
    contents = "\n".join(chapters)
    bodies = {name: body(text) for name, text in documents.items()}
    for name, text in bodies.items():
        write(f"{name}.html", page(name, contents, text))
    write("index.html", page("Contents", contents, f"<ul>\n{contents}</ul>"))
    write("print.html", page("All pages", contents, "\n".join(bodies.values())))
    entries = [{"title": title(text), "url": f"{name}.html", "body": text} for name, text in documents.items()]
    write("searchindex.json", json.dumps(entries, indent=1))
    names = [f"{name}.html" for name in documents]
    random.Random(1).shuffle(names)
    (SITE / "pages.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    size = (SITE / "print.html").stat().st_size
    print(f"{SITE}: {len(documents)} pages, print.html of {size:,} bytes", file=sys.stderr)
    return 0


def title(text: str) -> str:
    """Return a document's first heading."""
    return text.partition("\n")[0].lstrip("# ")


def body(text: str) -> str:
    """Return a document as HTML: headings, code and paragraphs, which is all that the size of a page depends on."""
    found: list[str] = []
    for number, piece in enumerate(re.split(r"^```", text, flags=re.MULTILINE)):
        if number % 2:
            language, _, code = piece.partition("\n")
            found.append(f'<pre><code class="language-{language}">{html.escape(code)}</code></pre>')
        else:
            found.extend(prose(block) for block in re.split(r"\n\s*\n", piece) if block.strip())
    return "\n".join(found)


def prose(block: str) -> str:
    """Return a heading or a paragraph."""
    heading = re.fullmatch(r"(#{1,6}) (.*)", block.strip())
    if heading is None:
        return f"<p>{html.escape(block)}</p>"
    return f"<h{len(heading[1])}>{html.escape(heading[2])}</h{len(heading[1])}>"


def page(name: str, contents: str, text: str) -> str:
    """Return a whole page."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(name)}</title>\n'
        '<link rel="stylesheet" href="book.css">\n</head>\n<body>\n'
        f'<nav><ol class="chapter">\n{contents}</ol></nav>\n<main>\n{text}\n</main>\n</body>\n</html>\n'
    )


def write(name: str, text: str) -> None:
    """Write a file, and beside it what a build would compress it to."""
    content = text.encode()
    (SITE / name).write_bytes(content)
    (SITE / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))


if __name__ == "__main__":
    sys.exit(main())
