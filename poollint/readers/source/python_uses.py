"""What a Python file does with a pool or client that it makes: at import, in threads, with commands that block."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.readers.source.python_endings import left_open
from poollint.readers.source.python_modules import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.python import PythonFile
    from poollint.readers.source.values import Call
    from poollint.source import Place

# Redis commands that wait in the server: where the wait stands among the arguments, its keyword, seconds in one unit
BLOCKING = {
    "blpop": (1, "timeout", 1),
    "brpop": (1, "timeout", 1),
    "brpoplpush": (2, "timeout", 1),
    "blmove": (2, "timeout", 1),
    "bzpopmin": (1, "timeout", 1),
    "bzpopmax": (1, "timeout", 1),
    "xread": (2, "block", 0.001),
    "xreadgroup": (4, "block", 0.001),
}
_OPENING = frozenset(("connect", "begin", "raw_connection", "execute", "scalar"))
_TAKING = frozenset(("create_all", "drop_all", "reflect"))
_EXECUTORS = ("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor")
_SESSIONS = ("sqlalchemy.orm.Session", "sqlalchemy.orm.session.Session", "sqlmodel.Session")
_WORDS = ("connect", "create_all", "drop_all", "reflect", "begin", "inspect", "Session(")


class Blocking(NamedTuple):
    """A command that waits in the server: its place, its name, the wait in seconds (infinite for 0)."""

    place: Place
    command: str
    wait: float


class Threads(NamedTuple):
    """Threads that share a client: how many, and where they are asked for."""

    place: Place
    number: int


class Routes(NamedTuple):
    """A route that a thread of the framework runs, and that uses a pool: its name and place."""

    place: Place
    function: str


@lru_cache(maxsize=16)
def mentions(text: str, *words: str) -> bool:
    """Whether a text holds one of the words; looked for once a file, however many pools ask."""
    return any(word in text for word in words)


def add_uses(file: PythonFile, node: Node, made: Call, used: dict[str, Any]) -> None:
    """Add to ``used`` what rules on some libraries ask for."""
    head, _, last = made.callee.rpartition(".")
    name = made.name
    is_session = last in ("Session", "session", "PoolManager")
    untimed: tuple[Untimed, ...] = ()
    if is_session and head.partition(".")[0] in ("requests", "urllib3"):
        untimed = tuple(untimed_calls(file, node, made))
    elif last in ("Client", "AsyncClient") and head == "httpx":
        untimed = tuple(endless_calls(file, node, made))
    if untimed:
        used["untimed"] = untimed
    if not name or not re.fullmatch(r"[\w.]+", name):
        return
    if head.partition(".")[0] in ("asyncpg", "psycopg_pool", "aiomysql") and mentions(file.tree.source.text, "yield"):
        forgotten = left_open(file, node, made)
        if forgotten is not None:
            used["left_open"] = forgotten
    if last in ("create_engine", "engine_from_config") and not made.scope.functions and not _is_fallback(node):
        _add_engine_uses(file, node, name, used)
    elif head.startswith("redis"):
        blocking = tuple(call for each in (name, *clients_of(file, name, last)) for call in blocking_calls(file, each))
        if blocking:
            used["blocking"] = blocking
            used["expects_timeouts"] = "TimeoutError" in file.tree.source.text
    elif is_session:
        threads = thread_count(file, name)
        if threads is not None:
            used["threads"] = threads


def _add_engine_uses(file: PythonFile, node: Node, name: str, used: dict[str, Any]) -> None:
    """What becomes of a module's engine: at import, in the threads of its routes, at a fork."""
    text = file.tree.source.text
    opened = opened_at_import(file, node, name) if mentions(text, *_WORDS) else None
    if opened is not None:
        used["opened_at_import"] = opened
        if _is_celery(file):
            used["in_celery"] = True
    routes = next(sync_routes(file, name), None)
    if routes is not None:
        used["sync_route"] = routes
    if mentions(text, "worker_process_init", "register_at_fork", "post_fork"):
        used["fork_hook"] = True


_VERBS = frozenset("get post put patch delete head options request send urlopen".split())


class Untimed(NamedTuple):
    """A request that a session sends without a limit on its time: the place of the call, and its words.

    ``decorators`` are those of the functions around it.
    """

    place: Place
    what: str
    decorators: tuple[str, ...]


def untimed_calls(file: PythonFile, node: Node, made: Call) -> Iterator[Untimed]:
    """The requests that are sent by a session without ``timeout``, where nothing gives it one another way."""
    name, around = _held(file, node, made)
    given = made.named.get("timeout")
    is_timed = given is not None and not (given.value.known and given.value.value is None)
    if not name or around is None or not made.complete or is_timed or _may_be_timed(file, name):
        return
    for call, function in _requests(file, node, name, around):
        keywords = file.keywords_of(call, 0)
        if keywords.complete and "timeout" not in keywords.entries and not call.has_error:
            yield Untimed(file.tree.place(function), file.tree.text(function), file.scope(call).decorators)


def endless_calls(file: PythonFile, node: Node, made: Call) -> Iterator[Untimed]:
    """The requests of a client that lift its limit on the time: ``client.get(url, timeout=None)``."""
    name, around = _held(file, node, made)
    if not name or around is None:
        return
    for call, function in _requests(file, node, name, around):
        given = file.keywords_of(call, 0).entries.get("timeout")
        if given is not None and given.value.known and given.value.value is None and not given.value.env:
            yield Untimed(given.value.place, file.tree.text(function), file.scope(call).decorators)


def _requests(file: PythonFile, node: Node, name: str, around: Node) -> Iterator[tuple[Node, Node]]:
    """(call, callee) of each request that is sent by what ``node`` makes, under the name that holds it."""
    own = file.enclosing_function(node)
    for call in file.call_nodes:
        function = call.child_by_field_name("function")
        if (
            function is None
            or function.type != "attribute"
            or not around.start_byte <= call.start_byte < around.end_byte
        ):
            continue
        verb = file.tree.text(function.child_by_field_name("attribute"))
        if verb not in _VERBS or file.tree.text(function.child_by_field_name("object")) != name:
            continue
        inner = file.enclosing_function(call)
        elsewhere = inner is not None and inner != own and not name.startswith("self.")
        if elsewhere and file.is_local_to_function(call, name):
            continue  # another thing of that name
        yield call, function


def _held(file: PythonFile, node: Node, made: Call) -> tuple[str, Node | None]:
    """The name that holds what a call made, and the part of the file where it does."""
    parent = node.parent
    if parent is not None and parent.type == "as_pattern":
        alias = parent.child_by_field_name("alias")
        statement = parent.parent
        while statement is not None and statement.type != "with_statement":
            statement = statement.parent
        return (file.tree.text(alias) if alias is not None else ""), statement
    name = made.name
    if not re.fullmatch(r"(?:self\.)?\w+", name):
        return "", None
    if len(re.findall(rf"(?m)^\s*{re.escape(name)}\s*(?::[^=\n]+)?=[^=]", file.tree.source.text)) != 1:
        return "", None
    around = file.tree.root if name.startswith("self.") else file.enclosing_function(node)
    return name, around or file.tree.root


def _may_be_timed(file: PythonFile, name: str) -> bool:
    """Whether an adapter of the project's own, or a method put in place of the session's, may add a limit."""
    text, plain = file.tree.source.text, re.escape(name)
    if re.search(
        rf"\b{plain}\.(?:request|send|get|post|put|patch|delete)\s*=[^=]|\b(?:monkeypatch|setattr\({plain})", text
    ):
        return True
    for mounted in re.findall(rf"\b{plain}\.mount\(\s*[^,]+,\s*([\w.]+)", text):
        adapter = mounted.rpartition(".")[2]
        if adapter != "HTTPAdapter" and not re.search(rf"\b{re.escape(adapter)}\s*=\s*(?:\w+\.)*HTTPAdapter\(", text):
            return True
    return False


def _is_main_guard(file: PythonFile, node: Node) -> bool:
    current = node.parent
    while current is not None:
        if current.type == "if_statement" and "__name__" in file.tree.text(current.child_by_field_name("condition")):
            return True
        current = current.parent
    return False


def _is_fallback(node: Node) -> bool:
    """Whether something is made only where an import fails."""
    current = node.parent
    while current is not None and current.type != "except_clause":
        current = current.parent
    return current is not None


def opened_at_import(file: PythonFile, node: Node | None, name: str) -> Place | None:
    """Where the module itself, while it is imported, makes an engine open a connection that the pool then keeps."""
    for call, function, parts in file.calls_at_import():
        if node is not None and call.start_byte <= node.start_byte:
            continue
        if _is_main_guard(file, call) or (node is not None and _is_main_guard(file, node)):
            continue
        opens = ".".join(parts[:-1]) == name and parts[-1] in _OPENING
        takes = parts[-1] in _TAKING or file.resolve(function) == "sqlalchemy.inspect"
        takes = takes or (file.resolve(function) in _SESSIONS and _asks_within(file, call))
        given = call.child_by_field_name("arguments")
        named = given is not None and re.search(rf"\b{re.escape(name)}\b(?!\s*=)", file.tree.text(given)) is not None
        if opens or (takes and named):
            disposed = re.search(rf"(?m)^{re.escape(name)}\.dispose\(", file.tree.source.text)
            return None if disposed else file.tree.place(call)
    return None


def _asks_within(file: PythonFile, call: Node) -> bool:
    """Whether the body of the ``with`` around a session sends anything: by itself a session opens nothing."""
    current = call.parent
    while current is not None and current.type not in ("with_statement", "block", "module"):
        current = current.parent
    body = current.child_by_field_name("body") if current is not None and current.type == "with_statement" else None
    asks = r"\.(?:execute|exec|scalars?|query|get|get_one|flush|commit|merge|refresh|connection)\("
    return body is not None and re.search(asks, file.code(body)) is not None


def _is_celery(file: PythonFile) -> bool:
    """Whether a module makes the application of Celery, and nothing in it chooses a pool that does not fork."""
    if re.search(r"worker_pool\b|\bsolo\b|\bgevent\b|\beventlet\b", file.tree.source.text):
        return False
    return any(
        file.resolve(call.child_by_field_name("function")) in ("celery.Celery", "celery.app.Celery")
        and not file.scope(call).functions
        for call in file.call_nodes
    )


def blocking_calls(file: PythonFile, name: str) -> Iterator[Blocking]:
    """The blocking commands that a file sends by a client that it makes once under this name."""
    made = re.findall(rf"(?m)^\s*{re.escape(name)}\s*(?::[^=\n]+)?=[^=]", file.tree.source.text)
    if len(made) != 1:
        return
    listeners = set(re.findall(rf"(?m)^\s*([\w.]+)\s*=\s*{re.escape(name)}\.pubsub\(", file.tree.source.text))
    for call in file.call_nodes:
        function = call.child_by_field_name("function")
        if function is None or function.type != "attribute":
            continue
        command = file.tree.text(function.child_by_field_name("attribute"))
        base = file.tree.text(function.child_by_field_name("object"))
        if command == "listen" and base in listeners and not file.positional_of(call):
            yield Blocking(file.tree.place(call), command, math.inf)
        if (
            command not in BLOCKING
            or base != name
            or file.is_local_to_function(call, name.partition(".")[0]) != (name.startswith("self."))
        ):
            continue
        wait = _wait(file, call, command)
        if wait is not None:
            yield Blocking(file.tree.place(call), command, wait)


def clients_of(file: PythonFile, name: str, made: str) -> list[str]:
    """The names of the clients that a file makes upon a pool: ``Redis(connection_pool=pool)``, ``Redis.from_pool(pool)``."""
    if not made.endswith("Pool") and made != "from_url":
        return []
    pool = re.escape(name)
    given = rf"(?:\([^()]*\bconnection_pool\s*=\s*{pool}\s*[,)]|\.from_pool\(\s*{pool}\s*\))"
    found = re.findall(rf"(?m)^\s*([\w.]+)\s*(?::[^=\n]+)?=\s*[\w.]*Redis{given}", file.tree.source.text)
    return [each for each in dict.fromkeys(found) if each != name]


def _wait(file: PythonFile, call: Node, command: str) -> float | None:
    at, keyword, unit = BLOCKING[command]
    keywords = file.keywords_of(call, 0)
    positional = file.positional_of(call)
    if not keywords.complete or any(each.type == "list_splat" for each in positional):
        return None
    value: Any = 0 if command.startswith("b") else None
    if keyword in keywords.entries:
        value = keywords.entries[keyword].value.value
    elif at < len(positional):
        value = file.fold(positional[at]).value
    if value is None and command.startswith("b"):
        value = 0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return math.inf if value == 0 else value * unit


def thread_count(file: PythonFile, name: str) -> Threads | None:
    """The threads of an executor that runs functions which use a name of the module or of the same function."""
    if "ThreadPoolExecutor" not in file.tree.source.text:
        return None
    for call in file.call_nodes:
        if file.resolve(call.child_by_field_name("function")) not in _EXECUTORS:
            continue
        positional, named = file.positional_of(call), file.keywords_of(call, 0).entries
        folded = (
            named["max_workers"].value if "max_workers" in named else file.fold(positional[0]) if positional else None
        )
        if folded is None or folded.env or not isinstance(folded.value, int) or isinstance(folded.value, bool):
            continue
        around = file.enclosing_function(call) or file.tree.root
        runs = re.findall(r"\.(?:submit|map)\(\s*(?:lambda[^:]*:\s*)?([\w.]+)", file.code(around))
        inner = _inner_functions(file, around, runs) if around is not file.tree.root else []
        reached = file.reached(" ".join((*runs, *inner)))
        if re.search(
            rf"(?<![\w.]){re.escape(name)}\s*\.\s*(?:get|post|put|patch|delete|head|request|urlopen)\b", reached
        ):
            return Threads(file.tree.place(call), folded.value)
    return None


def _inner_functions(file: PythonFile, around: Node, names: list[str]) -> list[str]:
    """The code of the functions of those names that a function defines for itself."""
    body = around.child_by_field_name("body")
    return [
        file.code(each)
        for each in (body.named_children if body is not None else ())
        if each.type == "function_definition" and file.tree.text(each.child_by_field_name("name")) in names
    ]


_FRAMEWORKS = ("fastapi", "starlette")
_ROUTE = re.compile(r"\.(?:get|post|put|patch|delete|api_route|route)$")


class PlainRoute(NamedTuple):
    """A route that a thread of the framework runs: the place of its name, its name, its code."""

    place: Place
    function: str
    code: str


def plain_routes(file: PythonFile) -> Iterator[PlainRoute]:
    """The routes of FastAPI that are no coroutines, so that threads run them."""
    if not any(found.partition(".")[0] in _FRAMEWORKS for found in file.imports.values()):
        return
    for function in file.module_functions():
        parent = function.parent
        text = file.code(function)
        if parent is None or parent.type != "decorated_definition" or text.startswith("async"):
            continue
        decorators = [
            file.tree.text(each)[1:].partition("(")[0] for each in parent.named_children if each.type == "decorator"
        ]
        if any(_ROUTE.search(each) for each in decorators):
            name = function.child_by_field_name("name")
            yield PlainRoute(file.tree.place(name or function), file.tree.text(name), file.code(parent))


def sync_routes(file: PythonFile, name: str) -> Iterator[Routes]:
    """Those of them that use a pool of the same file."""
    routes = list(plain_routes(file))
    if not routes:
        return
    made = rf"(?m)^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*(?:sessionmaker|scoped_session)\b[^)]*\b{re.escape(name)}\b"
    names = "|".join(map(re.escape, (name, *re.findall(made, file.tree.source.text))))
    for route in routes:
        if re.search(rf"\b(?:{names})\b", file.reached(route.code)):
            yield Routes(route.place, route.function)


# Flask-SQLAlchemy: what is configured after it was read


def initialised(file: PythonFile) -> Iterator[tuple[Node, str]]:
    """(call, name of the application) of each ``SQLAlchemy(app)`` and ``db.init_app(app)``."""
    for call in file.call_nodes:
        function = call.child_by_field_name("function")
        given = file.positional_of(call) if function is not None else []
        if function is None or not given or given[0].type != "identifier":
            continue
        if file.resolve(function) == "flask_sqlalchemy.SQLAlchemy" or _is_extension(file, function):
            yield call, file.tree.text(given[0])


def _is_extension(file: PythonFile, function: Node) -> bool:
    """Whether ``db.init_app`` is that of a Flask-SQLAlchemy extension, made here or in a module of the project."""
    parts = dotted(file, function)
    if len(parts) != 2 or parts[1] != "init_app":
        return False
    value = file.sole_at_root(parts[0])
    owner = file
    if value is None and parts[0] in file.names.origins:
        led = file.names.seek(parts[:1])
        if led is None or len(led[1]) != 1:
            return False
        owner, value = led[0], led[0].sole_at_root(led[1][0])
    if value is None or value.type != "call":
        return False
    return owner.resolve(value.child_by_field_name("function")) == "flask_sqlalchemy.SQLAlchemy"


def read_before(file: PythonFile, node: Node, holder: str) -> Place | None:
    """Where the extension has read ``app.config`` before a statement of the same straight line of code."""
    for call, app in initialised(file):
        if f"{app}.config" != holder or call.start_byte > node.start_byte:
            continue
        first, second = _statement(call), _statement(node)
        if first is not None and second is not None and first.parent == second.parent:
            return file.tree.place(call)
    return None


def _statement(node: Node) -> Node | None:
    current: Node | None = node
    while current is not None and (current.parent is None or current.parent.type not in ("block", "module")):
        current = current.parent
    return current
