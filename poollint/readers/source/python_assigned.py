"""Settings that a Python file gives by name alone: DATABASES, SQLALCHEMY_…, app.conf, a settings file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from poollint.readers.source.python_django import entry_of
from poollint.readers.source.python_folding import Folding, forget
from poollint.readers.source.python_modules import Owner, field, is_settings
from poollint.readers.source.python_names import SCOPES
from poollint.readers.source.python_uses import read_before
from poollint.readers.source.values import Call, Entry, Folded, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.python import PythonFile
    from poollint.source import Place


_DRIVER = re.compile(r"(?:postgresql|mysql|mariadb|sqlite|mssql|oracle)\+\w+://")


class Assigned(Folding):
    """Settings as calls that nobody wrote."""

    def _entries(self) -> Iterator[Call]:
        """The inner tables of an upper-case name of the module; of several assignments those that may be in force."""
        seen = set()
        for left, node in self._configs.get((self.tree.root.id, ""), ()):
            name = self.tree.text(left)
            right = node.child_by_field_name("right")
            if right is None or right.type not in ("dictionary", "call") or node.type != "assignment":
                continue
            seen.add(name)
            in_force = self._in_force(name)
            if all(each.id != node.id for each in in_force):
                continue
            folded = self.fold(right)
            if isinstance(folded.value, Table):
                entries = self._changed_entries(name, folded.value, certain=len(in_force) == 1)
                yield from self._entry_calls(name, entries, set(entries))
        for name in self._entry_changes.keys() - seen:
            changed = {self.fold(keys[0]).value for keys, _ in self._entry_changes[name] if keys}
            node = self._entry_changes[name][0][1]
            folded_star = self._starred(node, name, 0) if self.names.stars else None
            if folded_star is not None and isinstance(folded_star.value, Table):
                yield from self._entry_calls(name, self._changed_entries(name, folded_star.value), changed)

    @staticmethod
    def _entry_calls(name: str, entries: dict[str, Entry], wanted: set[Any]) -> Iterator[Call]:
        for alias, entry in entries.items():
            if isinstance(entry.value.value, Table) and alias in wanted:
                made = Call(f"assigned.{name}", entry.key_place)
                made.name = alias
                made.positional.append(entry.value)
                made.broken = entry.value.value.broken
                yield made

    def _in_force(self, name: str) -> list[Node]:
        """The assignments of a module's name from the last that no branch hides on; none where something else sets it."""
        found = self.assigned.get((self.tree.root.id, name), [])
        if any(node.type != "assignment" for node in found) or name in self._globals:
            return []
        plain = [at for at, node in enumerate(found) if not self._conditional(node, self.tree.root)]
        return found[plain[-1] :] if plain else found

    def _changed_entries(self, name: str, table: Table, *, certain: bool = True) -> dict[str, Entry]:
        """The inner tables after what the file does to them below their assignment.

        A change in a branch or a function makes a key unknown; one that is not understood makes every key so.
        """
        entries = {}
        for alias, given in table.entries.items():
            entry = given._replace(value=entry_of(given.value))
            if isinstance(entry.value.value, Table):
                entry = entry._replace(value=entry.value._replace(value=entry.value.value.copy()))
            entries[alias] = entry
        changes = self._entry_changes.get(name, [])
        seen = re.findall(rf"(?m)^\s*{re.escape(name)}(?:\[|\.(?:update|setdefault|pop|clear))", self.tree.source.text)
        doubtful = len(seen) > len(changes)
        for keys, node in changes:
            path = [self.fold(key).value for key in keys]
            doubtful = not self._change_entry(entries, path, node, certain=certain) or doubtful
        if doubtful:
            for entry in entries.values():
                if isinstance(entry.value.value, Table):
                    forget(entry.value.value)
        return entries

    def _change_entry(self, entries: dict[str, Entry], path: list[Any], node: Node, *, certain: bool) -> bool:
        """Apply one change; False when it cannot be told what it changes."""
        if not all(isinstance(key, str) for key in path):
            return False
        at_root = self._scope_id(node) == self.tree.root.id
        certain = certain and at_root and not self._conditional(node, self.tree.root)
        call = node.type == "call"
        if not path or (len(path) == 1 and not call):
            right = entry_of(self.fold(node.child_by_field_name("right"))).value if path and certain else None
            if not path or path[0] in entries:
                return False
            if isinstance(right, Table):
                entries[path[0]] = Entry(self.tree.place(node), Folded(right, self.tree.place(node)))
            return True
        entry = entries.get(path[0])
        if entry is None or not isinstance(entry.value.value, Table):
            return True
        table: Table = entry.value.value
        for key in path[1:] if call else path[1:-1]:
            inner = table.entries.get(key)
            if inner is None or not isinstance(inner.value.value, Table):
                table.entries[key] = Entry(self.tree.place(node), self._unknown(node))
                return True
            copied = inner.value.value.copy()
            table.entries[key] = inner._replace(value=inner.value._replace(value=copied))
            table = copied
        if call:
            self._mutate(table, node, certain=certain, depth=0)
            if not table.complete:
                forget(table)
            return True
        right_node = node.child_by_field_name("right")
        plain = certain and node.type == "assignment" and right_node is not None
        value = self.fold(right_node) if plain else self._unknown(node)
        left = node.child_by_field_name("left")
        place = self.tree.place(left.child_by_field_name("subscript") or left) if left is not None else entry.key_place
        table.entries[path[-1]] = Entry(place, value)
        return True

    def _groups(self) -> Iterator[Call]:
        for (_scope, holder), pairs in self._configs.items():
            groups: dict[str, Call] = {}
            for key, node in pairs:
                name = self.tree.text(key) if not holder else self.fold(key).value
                if isinstance(name, str) and "_" in name:
                    self._put(groups, name, key, node, holder)
            yield from groups.values()
        for node in self._config_calls:
            groups = {}
            keywords = self._keywords(node, 0)
            for argument in self.positional_of(node)[:1]:
                given = self.fold(argument).value
                if isinstance(given, Table):
                    keywords.merge(given)
            function = node.child_by_field_name("function")
            assert function is not None
            holder = self.tree.text(function.child_by_field_name("object"))
            if holder.endswith(".conf") and keywords.entries and self._has_import("celery"):
                made = groups["conf"] = Call("assigned.conf", self.tree.place(function))
                made.name, made.scope, made.complete = holder, self.scope(node), False
                made.named.update(keywords.entries)
            for name, entry in keywords.entries.items():
                prefix = name.partition("_")[0]
                if prefix.isupper() and "_" in name:
                    made = groups.setdefault(prefix, Call(f"assigned.{prefix}_", self.tree.place(function)))
                    made.named[name] = entry
                    made.complete = False
                    made.scope = self.scope(node)
                    before = read_before(cast("PythonFile", self), node, holder)
                    if before is not None:
                        made.used.setdefault("read_before", {})[name] = (before, entry.key_place)
            yield from groups.values()

    def _conf(self) -> Iterator[Call]:
        """``app.conf.broker_pool_limit = 10`` of Celery."""
        for (_scope, holder), pairs in self._fields.items() if self._has_import("celery") else ():
            if not holder.endswith(".conf"):
                continue
            made = Call("assigned.conf", self.tree.place(pairs[0][0]))
            made.name, made.scope, made.complete = holder, self.scope(pairs[0][1]), False
            for attribute, node in pairs:
                name, right = self.tree.text(attribute), node.child_by_field_name("right")
                if right is not None:
                    certain = name not in made.named and not self._in_branch(node)
                    value = self.fold(right) if certain else self._unknown(node)
                    made.named[name] = Entry(self.tree.place(attribute), value)
            yield made

    def _url_fields(self) -> Iterator[Call]:
        """The database URLs that classes of settings have as defaults, where a driver behind a plus sign tells whose."""
        if "BaseSettings" not in self.tree.source.text:
            return
        for (scope, name), nodes in list(self.assigned.items()):
            owner = next(
                (Owner(self._file(), each, None, self._file()) for each in self.classes.values() if each.id == scope),
                None,
            )
            folded = field(owner, name, 0) if owner is not None and len(nodes) == 1 and is_settings(owner) else None
            if folded is not None and isinstance(folded.value, str) and _DRIVER.match(folded.value):
                made = Call("assigned.url_field", folded.place)
                made.name = name
                made.positional.append(folded._replace(env=""))
                yield made

    def _file(self) -> PythonFile:
        return cast("PythonFile", self)

    def _set_fields(self, node: Node, made: Call) -> None:
        """What the same function assigns to the fields of what a call made: ``config.keep_alive_timeout = 75``."""
        for attribute, assignment in self._fields.get((self._scope_id(node), made.name), ()):
            name, right = self.tree.text(attribute), assignment.child_by_field_name("right")
            if right is not None:
                certain = name not in made.later and not self._in_branch(assignment)
                value = self.fold(right) if certain else self._unknown(assignment)
                made.later[name] = Entry(self.tree.place(attribute), value)

    def _has_import(self, package: str) -> bool:
        return any(name.partition(".")[0] == package for name in self.imports.values())

    def _put(self, groups: dict[str, Call], name: str, key: Node, node: Node, holder: str) -> None:
        prefix = name.partition("_")[0]
        made = groups.get(prefix)
        if made is None:
            made = groups[prefix] = Call(f"assigned.{prefix}_", self.tree.place(key))
            made.scope = self.scope(node)
            made.name = holder or (made.scope.classes[0] if made.scope.classes else "")
            made.complete = False  # a class inherits, a module is imported: more may be set elsewhere
        right = node.child_by_field_name("right")
        if right is not None:
            certain = name not in made.named and node.type == "assignment" and not self._in_branch(node)
            value = self.fold(right) if certain else self._unknown(node)
            made.named[name] = Entry(self.tree.place(key), value)
            before = read_before(cast("PythonFile", self), node, holder) if holder else None
            if before is not None:
                made.used.setdefault("read_before", {})[name] = (before, self.tree.place(key))

    @staticmethod
    def _in_branch(node: Node) -> bool:
        current = node.parent
        while current is not None and current.type not in (*SCOPES, "class_definition"):
            if current.type in ("if_statement", "for_statement", "while_statement", "try_statement", "match_statement"):
                return True
            current = current.parent
        return False

    def assignments(self) -> Call:
        """The module's own small-letter names as one call's keywords: what a settings file in Python says.

        A name whose value depends on a branch is unknown; the last of several straight assignments holds.
        """
        made = Call("module", self._module_place())
        for node in self.tree.walk():
            if node.type == "import_from_statement" and any(c.type == "wildcard_import" for c in node.named_children):
                made.complete = False
            if node.type != "assignment" or self._scope_id(node) != self.tree.root.id:
                continue
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is None or right is None or left.type != "identifier":
                continue
            name = self.tree.text(left)
            value = self._unknown(right) if self._in_branch(node) else self.fold(right)
            made.named[name] = Entry(self.tree.place(left), value)
        made.broken = False
        return made

    def _module_place(self) -> Place:
        """The first line that says something."""
        first = next((n for n in self.tree.root.named_children if n.type != "comment"), None)
        return self.tree.place(first) if first is not None else self.tree.place(self.tree.root)
