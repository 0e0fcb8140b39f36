"""What stops PgBouncer after its file was read: TLS, addresses, paths that cannot be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.hits import RuleContext
    from poollint.versions import Version

PROTOCOLS = frozenset(("all", "default", "secure", "tlsv1", "tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3"))
MOST_WORDS = 10  # findings of one list; what is wrong with the rest is the same
OLD_PROTOCOLS = frozenset(("all", "legacy", "tlsv1", "tlsv1.0", "tlsv1.1"))
_QUAD = re.compile(r"[0-9.]+")
#: the name that Debian's policy reserves for what must not exist
NOWHERE = "/nonexistent/"


def since(target: Version | None, *version: int) -> bool:
    """Whether the target (None: the newest) is at least that version."""
    return target is None or target >= version


def text(block: Block, name: str) -> str | None:
    """A text setting; None when it cannot be known."""
    value = block.value(name)
    if value is UNKNOWN or (value is None and name in block.settings):
        return None
    return value if isinstance(value, str) else ""


def tls_on(block: Block, side: str) -> bool:
    """Whether TLS is surely on towards the clients or the servers."""
    return text(block, f"{side}_tls_sslmode") not in (None, "", "disable")


def tls_incomplete(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Client TLS without what it needs: key, certificate, CA."""
    mode, auth = text(block, "client_tls_sslmode"), text(block, "auth_type")
    if mode is None or auth is None:
        return
    if auth == "cert" and mode != "verify-full":
        yield Hit("auth_type", {"mode": mode}, case="cert-mode")
        return
    if mode == "disable":
        return
    missing = [name for name in ("client_tls_key_file", "client_tls_cert_file") if text(block, name) == ""]
    if missing:
        yield Hit("client_tls_sslmode", {"missing": " and ".join(missing)}, case="key-pair")
    elif mode == "verify-full" and text(block, "client_tls_ca_file") == "":
        yield Hit("client_tls_sslmode", {}, case="ca")
    elif mode == "verify-ca" and text(block, "client_tls_ca_file") == "":
        yield Hit("client_tls_sslmode", {}, case="ca-unset")


def tls_words(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Protocol, cipher and parameter words that TLS cannot be set up with, or that allow what is broken."""
    for side in ("server", "client"):
        if not tls_on(block, side):
            continue
        yield from _protocols(block, f"{side}_tls_protocols", ctx.target)
        for name in (f"{side}_tls_ciphers", f"{side}_tls13_ciphers"):
            ciphers = text(block, name)
            if ciphers and ciphers[0] in "'\"" and len(ciphers) > 1:
                yield Hit(name, {"plain": ciphers.strip("'\"")}, case="quoted")
    if tls_on(block, "client"):
        params = text(block, "client_tls_dheparams")
        allowed = ("", "auto", "none") if since(ctx.target, 1, 21) else ("", "auto", "none", "legacy")
        if params is not None and params.lower() not in allowed:
            yield Hit("client_tls_dheparams", {"word": params}, case="dheparams")


def _protocols(block: Block, name: str, target: Version | None) -> Iterator[Hit]:
    protocols = text(block, name)
    if not protocols:
        return
    old: list[str] = []
    for token in re.split("[,:]", protocols):
        word = token.lstrip(" \t").removeprefix("!").lower()
        if word == "legacy" and since(target, 1, 21):
            yield Hit(name, {}, case="legacy")
            return
        if word not in PROTOCOLS and word != "legacy":
            yield Hit(name, {"word": token.strip()[:60] or "an empty item"}, case="unknown-word")
            return
        if word in OLD_PROTOCOLS and word not in old and not token.lstrip(" \t").startswith("!"):
            old.append(word)
    setting = block.get(name)
    negated = "!" in protocols
    if old and not negated and setting is not None and setting.origin == "explicit":
        yield Hit(name, {"words": ", ".join(old)}, case="old")


def listen_addr(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Addresses that no resolver accepts."""
    addresses = text(block, "listen_addr")
    if addresses is None:
        return
    found = 0
    for item in map(str.strip, addresses.split(",")):
        if item and (reason := _bad_address(item)):
            yield Hit("listen_addr", {"item": item[:100], "reason": reason})
            found += 1
            if found == MOST_WORDS:
                return


_BAD_ADDRESSES = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"\s[;#]|[;#]", "a comment cannot stand behind a value"),
        (r"^['\"]", "quotes are not syntax here"),
        (r"://", "a URL is no address"),
        (r"^\[", "IPv6 addresses stand without brackets"),
        (r"\s", "only commas separate addresses"),
        (r"^[^:]*:[^:]*$", "the port belongs in listen_port"),
        (r"[^a-z0-9_.:%*-]|.\*|\*.", "it is neither an address nor a host name"),
        (r"\.invalid$", "the domain .invalid never resolves"),
    )
)


def _bad_address(item: str) -> str:
    """Why getaddrinfo surely fails; empty when it may succeed."""
    for shape, reason in _BAD_ADDRESSES:
        if shape.search(item):
            return reason
    if _QUAD.fullmatch(item) and item.count(".") == 3 and any(int(part[:9] or 999) > 255 for part in item.split(".")):
        return "it is no IPv4 address"
    return ""


def port_range(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A port that does not fit into 16 bits."""
    name = "listen_port" if block.kind == "main" else "port"
    setting = block.settings.get(name)
    if setting is None or not isinstance(setting.value, int) or setting.origin != "explicit":
        return
    port = setting.value
    if port == 0 or 0 < port <= 0xFFFF:
        return
    if block.kind == "main":
        addresses = text(block, "listen_addr")
        if port < 0 and addresses is not None and addresses.strip(", \t"):
            yield Hit(name, {}, case="negative")
        else:
            yield Hit(name, {"actual": port & 0xFFFF}, case="wraps")
    else:
        yield Hit(name, {"actual": port & 0xFFFF}, case="server")


def nowhere(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Settings under which nobody can log in, or the process has nowhere to listen."""
    addresses, directory = text(block, "listen_addr"), text(block, "unix_socket_dir")
    if directory == "" and addresses is not None and not addresses.strip(", \t"):
        at = "unix_socket_dir" if "unix_socket_dir" in block.settings else "listen_addr"
        yield Hit(at, {}, case="nowhere")
    for name, least, case in (("pkt_buf", 512, "pkt-buf"), ("max_packet_size", 4096, "packet-size")):
        value = block.value(name)
        if isinstance(value, int) and value < least:
            yield Hit(name, {}, case=case)
    if block.value("disable_pqexec") not in (0, None, UNKNOWN):
        yield Hit("disable_pqexec", {}, case="pqexec")


#: what Linux accepts on a listening socket
KEEPALIVE_LIMITS = {"tcp_keepcnt": 127, "tcp_keepidle": 32767, "tcp_keepintvl": 32767}
NEGATIVE_PASSED = ("tcp_keepidle", "tcp_keepintvl")  # a negative tcp_keepcnt is not passed to the kernel


def keepalive_range(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Keepalive numbers that the kernel refuses, so that no TCP socket can be listened on."""
    addresses, directory = text(block, "listen_addr"), text(block, "unix_socket_dir")
    if addresses is None or not addresses.strip(", \t"):
        return
    case = "" if since(ctx.target, 1, 19) or directory == "" else "no-tcp"
    for name, limit in KEEPALIVE_LIMITS.items():
        value = block.value(name)
        if block.value("tcp_keepalive") in (0, UNKNOWN) or not whole(value):
            continue
        if value > limit or (value < 0 and name in NEGATIVE_PASSED):
            yield Hit(name, {"most": limit, "number": value}, case=case)
    user_timeout = block.value("tcp_user_timeout")
    if whole(user_timeout) and user_timeout < 0:
        yield Hit("tcp_user_timeout", {"most": "2147483647", "number": user_timeout}, case=case)


def unreachable_path(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Files and directories that cannot be where the setting says."""
    for name in ("logfile", "pidfile"):
        path = text(block, name)
        if path and (path.startswith(NOWHERE) or path.endswith("/")):
            yield Hit(name, {"what": "a directory" if path.endswith("/") else "a directory that does not exist"})
    directory = text(block, "unix_socket_dir")
    if directory and (directory + "/").startswith(NOWHERE):
        if since(ctx.target, 1, 19):
            yield Hit("unix_socket_dir", {"what": "a directory that does not exist"})
        else:
            yield Hit("unix_socket_dir", {}, case="no-socket")
    if tls_on(block, "client"):
        for name in ("client_tls_key_file", "client_tls_cert_file", "client_tls_ca_file"):
            path = text(block, name)
            if path and (path.startswith(NOWHERE) or path[0] in "'\"" or re.search(r"\s[;#]\s", path)):
                yield Hit(name, {"what": "a file that does not exist"})


def written(block: Block, name: str) -> Setting | None:
    """The setting where the block itself writes it."""
    setting = block.settings.get(name)
    return setting if setting is not None and setting.origin == "explicit" else None


def whole(value: Any) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value != float("inf")
