"""Passwords stay out of reports: what looks like one is shown as asterisks, as many as it has characters."""

from __future__ import annotations

import re

_ASSIGNED = re.compile(
    r"(?P<key>pass(?:word|wd)?|pwd|secret|token)(?P<sign>[\"']?\s*[:=]\s*)(?P<value>'(?:[^']|'')*'|\"[^\"]*\"|[^\s,;&'\"]+)",
    re.I,
)
_NAME = re.compile(r"(?i)passw|^pass$|pwd|secret|token$")
_IN_URL = re.compile(r"(?P<head>\w://[^\s:/@]*:)(?P<value>[^\s/@]+)(?=@)")
_ORACLE = re.compile(r"(?P<head>oracle:\w+:[^\s:/@]+/)(?P<value>[^\s/@]+)(?=@)")
_REFERENCE = re.compile(r"\$|\{\{|<%|%\(|process\.env|os\.|env\(|getenv")


def mask(text: str) -> str:
    """The text with passwords, in assignments and in URLs, replaced by as many asterisks; its length stays."""
    if "://" in text:
        text = _IN_URL.sub(lambda m: m["head"] + _stars(m["value"]), text)
    if "oracle:" in text:
        text = _ORACLE.sub(lambda m: m["head"] + _stars(m["value"]), text)
    return _ASSIGNED.sub(lambda m: m["key"] + m["sign"] + _stars(m["value"]), text)


def is_secret_name(name: str) -> bool:
    """Whether an option of that name holds a secret."""
    return _NAME.search(name) is not None


def _stars(value: str) -> str:
    """Quotes stay, and so does a reference to where the secret really is."""
    if _REFERENCE.search(value):
        return value
    if len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]:
        return value[0] + "*" * (len(value) - 2) + value[-1]
    return "*" * len(value)
