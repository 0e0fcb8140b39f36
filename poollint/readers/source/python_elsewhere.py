"""Python: what a file does with an engine that another file of the project makes: at import, and in its routes."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.readers.source.python_uses import mentions, opened_at_import, plain_routes
from poollint.readers.source.values import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poollint.readers.source.python import PythonFile
    from poollint.source import Place

USE = "use.engine"
MAX_NAMES = 80
_ENGINES = ("sqlalchemy.create_engine", "sqlmodel.create_engine", "sqlalchemy.engine.create_engine")
_ALL_ENGINES = (*_ENGINES, "sqlalchemy.ext.asyncio.create_async_engine")
_APPLICATIONS = re.compile(r"(?:fastapi|flask|starlette|litestar|quart|sanic|blacksheep)\.(?:\w+\.)*([A-Z]\w*)")
_NAMES = frozenset("FastAPI Flask Starlette Litestar Quart Sanic Blacksheep".split())


class Application(NamedTuple):
    """An application that a file makes: its class, and where."""

    place: Place
    name: str


class Engine(NamedTuple):
    """An engine of a module's own level: the file that makes it, and its name there."""

    path: str
    name: str


def uses_elsewhere(file: PythonFile) -> Iterator[Call]:
    """Each use of another file's engine, as a call that nobody wrote; none where the project is not known."""
    if file.modules is None or (file.wants is not None and not file.wants(USE)):
        return
    text = file.tree.source.text
    if mentions(text, "create_all", "drop_all", "reflect", ".connect(", ".begin("):
        for name in file.names.origins:
            place = opened_at_import(file, None, name)
            for engine in _engines(file, [name]) if place is not None else ():
                made = Call(USE, place or file.tree.place(file.tree.root))
                made.name, made.used = engine.name, {"engine_at": engine.path, "opened_at_import": place}
                yield made
    application = _application(file)
    for engine in _engines(file, sorted(file.names.origins), _ALL_ENGINES) if application is not None else ():
        made = Call(USE, application.place if application is not None else file.tree.place(file.tree.root))
        made.name, made.used = engine.name, {"engine_at": engine.path, "application": application}
        yield made
    seen: set[Engine] = set()
    for route in plain_routes(file):
        for engine in _engines(file, sorted(_words(file.reached(route.code)))):
            if engine not in seen:
                seen.add(engine)
                made = Call(USE, route.place)
                made.name, made.used = engine.name, {"engine_at": engine.path, "sync_route": route}
                yield made


def _application(file: PythonFile) -> Application | None:
    """The application of a web framework that a file makes."""
    if not mentions(file.tree.source.text, *sorted(_NAMES)):
        return None
    for call in file.call_nodes:
        function = call.child_by_field_name("function")
        match = _APPLICATIONS.fullmatch(file.resolve(function)) if function is not None else None
        if function is not None and match is not None and match[1] in _NAMES:
            return Application(file.tree.place(function), match[1])
    return None


def _words(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text))


def _engines(file: PythonFile, words: Iterable[str], made_by: tuple[str, ...] = _ENGINES) -> Iterator[Engine]:
    """The engines of other files that names lead to: imported themselves, behind a session maker, in a function."""
    todo = [(file, word) for word in words]
    seen: set[tuple[str, str]] = set()
    while todo and len(seen) < MAX_NAMES:
        owner, word = todo.pop()
        path = owner.tree.source.path
        if (path, word) in seen or not owner.names.knows(word):
            continue
        seen.add((path, word))
        if word in owner.names.origins:
            led = owner.names.seek([word])
            if led is not None and len(led[1]) == 1:
                todo.append((led[0], led[1][0]))
            continue
        value = owner.sole_at_root(word)
        made = (
            owner.resolve(value.child_by_field_name("function")) if value is not None and value.type == "call" else ""
        )
        if made in made_by and owner is not file:
            yield Engine(os.path.abspath(path), word)
            continue
        code = owner.code(value) if value is not None else owner.function_code(word)
        todo += [(owner, each) for each in sorted(_words(code) - {word})]
