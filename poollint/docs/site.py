"""The documentation in a folder: Markdown pages, and a static HTML page of each where markdown-it-py is installed."""

from __future__ import annotations

import os
import re
from html import escape
from posixpath import dirname, relpath
from typing import TYPE_CHECKING, Any

from poollint import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARK = ".poollint-site"
STYLE = """\
:root { color-scheme: light dark; --line: #8884; --code: #8881; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 0 1.2rem 4rem; }
nav { border-bottom: 1px solid var(--line); padding: .8rem 0; }
nav a { margin-right: 1.1rem; }
p, li { max-width: 48rem; }
pre, code { background: var(--code); border-radius: 4px; font: .88em/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .7rem 1rem; }
pre code { background: none; }
.file { font-weight: 600; margin: 1rem 0 -.6rem; }
code { padding: .1em .3em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem .3rem 0; text-align: left; vertical-align: top; }
footer { border-top: 1px solid var(--line); margin-top: 3rem; opacity: .7; }
:target + code { outline: 2px solid; }
"""
FRAME = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{up}style.css">
</head>
<body>
<nav>{nav}</nav>
<main>
{body}</main>
<footer><p>poollint {version}</p></footer>
</body>
</html>
"""
NAVIGATION = (
    ("index", "poollint"),
    ("rules", "rules"),
    ("topics", "topics"),
    ("effects", "effects"),
    ("severities", "severities"),
    ("roles", "roles"),
)
_ANCHOR = re.compile(r"&lt;a id=&quot;([\w.-]+)&quot;&gt;&lt;/a&gt;")
_TITLE = re.compile(r"# (.+)")


class SiteError(Exception):
    """A folder that is not ours to write."""


def can_make_html() -> bool:
    from importlib.util import find_spec

    return find_spec("markdown_it") is not None


def html_pages(pages: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(path, HTML) of every Markdown page, and the style sheet that they share."""
    parser = _parser()
    for path, text in pages.items():
        yield path[:-3] + ".html", _html(parser, path, text)
    yield "style.css", STYLE


def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("fence", _fence)
    return parser


def _fence(_renderer: Any, tokens: Any, at: int, _options: Any, _env: Any) -> str:
    """An example under the name of its file."""
    words = tokens[at].info.split()
    name = f'<p class="file">{escape(words[1])}</p>\n' if len(words) > 1 else ""
    language = f' class="language-{escape(words[0])}"' if words else ""
    return f"{name}<pre><code{language}>{escape(tokens[at].content, quote=False)}</code></pre>\n"


def _html(parser: Any, path: str, text: str) -> str:
    tokens = parser.parse(text)
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", _to_html(str(child.attrGet("href"))))
    body = parser.renderer.render(tokens, parser.options, {})
    here = dirname(path) or "."
    nav = "".join(f'<a href="{relpath(name + ".html", here)}">{title}</a>' for name, title in NAVIGATION)
    found = _TITLE.match(text)
    title = found[1] if found is not None else path
    return FRAME.format(
        title=escape(title) if title == "poollint" else f"{escape(title)} · poollint",
        up="" if here == "." else relpath(".", here) + "/",
        nav=nav,
        body=_ANCHOR.sub(r'<a id="\1"></a>', body),
        version=__version__,
    )


def _to_html(href: str) -> str:
    if "://" in href:
        return href
    path, sign, fragment = href.partition("#")
    return (path[:-3] + ".html" if path.endswith(".md") else path) + sign + fragment


def write_site(folder: str, files: Mapping[str, str]) -> int:
    """Write the files of a site, and drop those of an earlier one; how many there are.

    SiteError when the folder holds something and was not written by an earlier call.
    """
    earlier = _earlier(folder)
    for path, text in sorted(files.items()):
        full = os.path.join(folder, *path.split("/"))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
    for path in sorted(earlier - files.keys()):
        full = os.path.join(folder, *path.split("/"))
        if os.path.isfile(full):
            os.remove(full)
    with open(os.path.join(folder, MARK), "w", encoding="utf-8", newline="\n") as handle:
        handle.writelines(f"{path}\n" for path in sorted(files))
    return len(files)


def _earlier(folder: str) -> set[str]:
    """The files that an earlier call wrote there."""
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise SiteError(f"{folder}: is no folder")
    try:
        with open(os.path.join(folder, MARK), encoding="utf-8") as handle:
            lines = handle.read().split("\n")
    except OSError:
        if os.path.isdir(folder) and os.listdir(folder):
            raise SiteError(
                f"{folder}: holds files that are no documentation of poollint; name another folder"
            ) from None
        return set()
    return {line for line in lines if line and not line.startswith("/") and ".." not in line.split("/")}
