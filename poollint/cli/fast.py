"""The options of ``poollint check`` read without click, which costs more than a small check does.

Only what is plain is understood here: known options with their values, and paths. Anything else (help, an unknown or
abbreviated option, a bad choice) is left to click, which words it for people. A test holds that both read alike.
"""

from __future__ import annotations

from typing import Any

FLAGS = {
    "--isolated": "isolated",
    "--statistics": "statistics",
    "--show-suppressed": "show_suppressed",
    "--show-files": "show_files",
    "--preview": "preview",
    "--exit-zero": "exit_zero",
    "--fix": "fix",
    "--unsafe-fixes": "unsafe_fixes",
    "--diff": "diff",
    "--prune-baseline": "prune_baseline",
    "--skip-foreign": "skip_foreign",
    "--quiet": "quiet",
    "-q": "quiet",
    "--verbose": "verbose",
    "-v": "verbose",
}
VALUES = {
    "--as": "as_system",
    "--stdin-filename": "stdin_filename",
    "--output": "output",
    "--config": "config_path",
    "--baseline": "baseline",
    "--write-baseline": "write_baseline",
    "--since": "since",
}
NUMBERS = {"--jobs": "jobs"}
LISTS = {
    "--format": "formats",
    "--select": "select",
    "--ignore": "ignore",
    "--extend-select": "extend_select",
    "--target": "targets",
}
CHOICES = {
    "--fail-on": ("fail_on", ("error", "warning", "info", "never"), None),
    "--min-severity": ("min_severity", ("error", "warning", "info"), None),
    "--color": ("color", ("auto", "always", "never"), "auto"),
}


def defaults() -> dict[str, Any]:
    options: dict[str, Any] = dict.fromkeys(FLAGS.values(), False)
    options.update(dict.fromkeys((*VALUES.values(), *NUMBERS.values())))
    options.update(dict.fromkeys(LISTS.values(), ()))
    options.update({name: default for name, _, default in CHOICES.values()})
    return options


def parse(arguments: list[str]) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """(paths, options) of the words after ``check``; None when click must read them."""
    options = defaults()
    paths: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in FLAGS:
            options[FLAGS[word]] = True
            continue
        if not word.startswith("-") or word == "-":
            paths.append(word)
            continue
        name, equals, value = word.partition("=")
        if not equals:
            value = next(words, "")
        if not value or (not equals and value.startswith("-")) or not _take(options, name, value):
            return None
    return tuple(paths), options


def _take(options: dict[str, Any], name: str, value: str) -> bool:
    """Set one option; whether it could be."""
    if name in VALUES:
        options[VALUES[name]] = value
    elif name in NUMBERS and value.isascii() and value.isdecimal() and int(value) > 0:
        options[NUMBERS[name]] = int(value)
    elif name in LISTS:
        options[LISTS[name]] = (*options[LISTS[name]], value)
    elif name in CHOICES and value in CHOICES[name][1]:
        options[CHOICES[name][0]] = value
    else:
        return False
    return True
