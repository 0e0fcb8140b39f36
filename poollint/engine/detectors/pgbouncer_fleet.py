"""Several PgBouncer processes side by side: peers, shared sockets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.engine.detectors.pgbouncer_start import since, whole, written
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.engine.hits import RuleContext

MAX_PEER_ID = 16383


def peering(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Cancel requests that reach the wrong process, and half of a peer configuration."""
    if not since(ctx.target, 1, 19) or not block.facts["complete"]:
        return
    own, peers = block.value("peer_id"), block.links["peers"]
    if not whole(own):
        return
    names = {peer.name for peer in peers}
    if own and not 1 <= own <= MAX_PEER_ID:
        yield Hit("peer_id", {}, case="range")
    elif own and not peers:
        yield Hit("peer_id", {}, case="alone")
    elif peers and not own:
        yield Hit(peers[0], {}, case="no-id")
    elif own and str(own) not in names:
        yield Hit("peer_id", {"known": ", ".join(sorted(names)[:8])}, case="stranger")
    elif not own:
        shared = block.value("so_reuseport") not in (0, None, UNKNOWN)
        instances = int(ctx.config.get("instances") or 1)
        if instances > 1:
            yield Hit("so_reuseport" if shared else block, {"instances": instances}, case="instances")
        elif shared:
            yield Hit("so_reuseport", case="reuseport")


def same_instance(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Two processes of one machine (so_reuseport, files side by side) that claim the same socket, id or file."""
    own = block.place.source.path
    for other in ctx.of("pgbouncer", "main"):
        path = other.place.source.path
        if path >= own or os.path.dirname(path) != os.path.dirname(own):
            continue
        if not all(each.value("so_reuseport") == 1 for each in (block, other)):
            continue
        if block.value("listen_port") is UNKNOWN or block.value("listen_port") != other.value("listen_port"):
            continue
        yield from _clashes(block, other)


def _clashes(block: Block, other: Block) -> Iterator[Hit]:
    for name, case in (("unix_socket_dir", "socket"), ("pidfile", "file"), ("logfile", "file"), ("peer_id", "peer")):
        mine, theirs = written(block, name), written(other, name)
        if mine is None or theirs is None or mine.value is UNKNOWN or not mine.value or mine.value != theirs.value:
            continue
        if isinstance(mine.value, str) and mine.value.startswith("/dev/"):
            continue
        related = ((theirs, "the other process"),)
        yield Hit(mine, {"other": os.path.basename(other.place.source.path)}, case=case, related=related)
