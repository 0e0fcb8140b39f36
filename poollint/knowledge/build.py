"""Pages and catalogues parsed and checked, as the plain tables that the index keeps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from poollint.knowledge.catalogue import SOURCE_FACTS, Catalogue, CatalogueError, KindSpec
from poollint.knowledge.keyed import add_files
from poollint.knowledge.pages import FIX_WORDS, Page, PageError, parse_page
from poollint.knowledge.triggers import triggers
from poollint.versions import parse_range

if TYPE_CHECKING:
    from collections.abc import Iterator


def build(root: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """(index, packs by system) of a folder of rules. PageError, CatalogueError for what cannot be used."""
    systems: dict[str, dict[str, Any]] = {}
    packs: dict[str, dict[str, Any]] = {"": {"cards": []}}
    catalogues: dict[str, Catalogue] = {}
    folders = sorted(
        entry.name
        for entry in os.scandir(root)
        if entry.is_dir() and not entry.name.startswith(".") and entry.name != "packs"
    )
    system_of: dict[str, str] = {}
    for folder in folders:
        path = os.path.join(root, folder, "settings.toml")
        if os.path.isfile(path):
            data = load_settings(path)
            catalogue = Catalogue(data, path)
            name = catalogue.name
            system_of[folder] = name
            catalogues[name] = catalogue
            packs[name] = {"settings": data, "cards": []}
            systems[name] = system_table(catalogue, folder)
    add_files(systems)
    rules: dict[str, dict[str, Any]] = {}
    codes: dict[str, str] = {}
    for folder in folders:
        system = system_of.get(folder, "")
        for page in pages(os.path.join(root, folder), system):
            card = {**page.card, "name": page.name, "system": system, "folder": folder}
            check_page(page, catalogues)
            code = card["code"]
            if code in codes:
                raise PageError(page.path, page.card_line, 1, f"{code} is the code of {codes[code]} already")
            codes[code] = page.name
            packs[system]["cards"].append(card)
            key = page.name if page.name not in rules else f"{folder}/{page.name}"
            rules[key] = brief_of(card, folder)
    index = {"systems": systems, "rules": rules, "packs": sorted(packs), "triggers": triggers(systems)}
    return index, packs


def system_table(catalogue: Catalogue, folder: str) -> dict[str, Any]:
    """What discovery and configuration need to know of a system."""
    return {
        **catalogue.system,
        "folder": folder,
        "found": catalogue.found,
        "options": catalogue.options,
        "kinds": {kind.name: kind.role for kind in catalogue.kinds.values()},
    }


def brief_of(card: dict[str, Any], folder: str) -> dict[str, Any]:
    """What is known of a rule without its pack."""
    brief: dict[str, Any] = {key: card[key] for key in ("code", "name", "system", "topic") if key in card}
    first = (card.get("case") or [{}])[0]
    for key in ("topic", "effect", "severity"):
        value = card.get(key) or first.get(key)
        if value:
            brief[key] = value
    brief.update(
        folder=folder,
        options=card.get("options", {}),
        aliases=card.get("aliases", []),
        preview=bool(card.get("preview", False)),
        problem=sorted({kind for table in (card, *card.get("case", [])) for kind in _listed(table.get("problem", []))}),
    )
    return brief


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def pages(folder: str, system: str) -> Iterator[Page]:
    """The pages of a folder, in the order of their names."""
    for name in sorted(os.listdir(folder)):
        if name.endswith(".md") and name != "README.md":
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as handle:
                page = parse_page(handle.read(), path, system)
            if page.name != name[:-3]:
                raise PageError(path, 1, 3, f"the page of {page.name!r} must be named {page.name}.md")
            yield page


def load_settings(path: str) -> dict[str, Any]:
    """The tables of a settings.toml. CatalogueError when it is no TOML."""
    import tomli

    try:
        with open(path, "rb") as handle:
            return tomli.load(handle)
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path}: {error}") from None


def check_page(page: Page, catalogues: dict[str, Catalogue]) -> None:
    """Compile what the card says against the names that its kinds have. PageError with the place of the first fault."""
    from poollint.engine.conditions import Condition, ConditionError
    from poollint.engine.messages import MESSAGE_NAMES, Template

    card = page.card
    for case in card.get("case") or [{}]:
        merged = {**card, **case}
        names = known_names(page, merged, catalogues)
        for key in ("when", "message", "help", "versions"):
            text = merged.get(key)
            if not text:
                continue
            try:
                if key == "versions":
                    parse_range(text)
                elif key == "when":
                    Condition(text, names)
                else:
                    free = not merged.get("when")
                    Template(text, None if free or names is None else (*names, *MESSAGE_NAMES)).parts()
            except ConditionError as error:
                raise _locate(page, text, error.column, f"{key}: {error.message}") from None
            except ValueError as error:
                raise _locate(page, text, 1, str(error)) from None
        _check_fix(page, merged, names)


def _check_fix(page: Page, card: dict[str, Any], names: set[str] | None) -> None:
    """What ``fix`` writes are settings of the kinds, by name or role, or the words of a card; its texts are templates."""
    from poollint.engine.conditions import ConditionError
    from poollint.engine.messages import Template

    for name, text in card.get("fix", {}).items():
        if name not in FIX_WORDS and names is not None and name not in names:
            raise _locate(page, name, 1, f"fix: no kind that the rule looks at has a setting {name!r}")
        if name == "unsafe" or text is False:
            continue
        try:
            Template(str(text)).parts()
        except ConditionError as error:
            raise _locate(page, str(text), error.column, f"fix: {error.message}") from None


def known_names(page: Page, card: dict[str, Any], catalogues: dict[str, Catalogue]) -> set[str] | None:
    """The names that a condition of the card may use; None when nothing is declared for its kinds."""
    kinds = kinds_of(page, card, catalogues)
    if not kinds:
        return None
    names = {"config", "opt", "target_known"}
    for kind in kinds:
        names.update(kind.settings, kind.roles, kind.facts, kind.links, SOURCE_FACTS)
    return names


def kinds_of(page: Page, card: dict[str, Any], catalogues: dict[str, Catalogue]) -> list[KindSpec]:
    wanted = card.get("on") or []
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if page.system:
        catalogue = catalogues[page.system]
        for kind in wanted:
            if kind not in catalogue.kinds:
                raise _locate(
                    page,
                    kind,
                    1,
                    f"on = {kind!r}: {page.system} has no such kind of block; "
                    f"it has {', '.join(sorted(catalogue.kinds))}",
                )
        return [catalogue.kinds[kind] for kind in wanted]
    return [kind for catalogue in catalogues.values() for kind in catalogue.kinds.values() if kind.role in wanted]


def _locate(page: Page, text: str, column: int, message: str) -> PageError:
    """The error at the place where ``text`` stands in the page's card."""
    at = page.text.find(text)
    if at < 0:
        return PageError(page.path, page.card_line, 1, message)
    before = page.text[:at]
    line = before.count("\n") + 1
    start = at - (before.rfind("\n") + 1)
    return PageError(page.path, line, start + column, message)
