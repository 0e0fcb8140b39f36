"""Files inside of a manifest: the literal blocks of a ConfigMap, each read as the file that its key names.

Only systems whose format bears a text that is moved in as a whole take part (``embeds`` in their catalogues).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from poollint.formats.embedded import files
from poollint.readers.base import Reading

if TYPE_CHECKING:
    from poollint.readers.base import ReadContext
    from poollint.source import Source

MAX_SIZE = 4 << 20  # Kubernetes takes 1 MiB for one object


def read(source: Source, context: ReadContext) -> Reading:
    """The blocks of every file in the manifest whose system is known, with places of the manifest."""
    reading = Reading()
    folder = posixpath.dirname(source.path.replace("\\", "/"))
    for name, inner in files(source) if len(source.text) <= MAX_SIZE else ():
        inner.path = posixpath.join(folder, name)
        for system, part in context.read_inside(inner):
            reading.blocks += part.blocks
            for problem in part.problems:
                problem.system = system
                reading.problems.append(problem)
        inner.path, inner.text = source.path, source.text  # the places stay as they are
    return reading
