"""The plot as a file (SVG, PNG, PDF), drawn with matplotlib (the extra ``plot``), which is imported here alone."""

from __future__ import annotations

from poollint.sizing.units import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poollint.sizing.curve import CurvePoint
    from poollint.sizing.inputs import Inputs


def draw(path: str, points: list[CurvePoint], recommended: int, inputs: Inputs) -> None:
    """Throughput and wait against the pool size, the recommended and the measured points marked. ImportError without
    matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    sizes = [point.connections for point in points]
    axes.set_xlabel("connections")
    axes.axvline(recommended, color="0.4", linestyle="--", label=f"recommended: {recommended}")
    if points[0].throughput is not None:
        axes.plot(sizes, [point.throughput for point in points], color="tab:blue", label="throughput")
        axes.set_ylabel("throughput (1/s)")
        axes.set_ylim(bottom=0)
    if inputs.points:
        measured = [(point.connections, point.throughput) for point in inputs.points]
        axes.plot(*zip(*measured, strict=True), "o", color="tab:blue", label="measured")
    waits = [(p.connections, p.wait * 1000) for p in points if p.wait is not None and p.wait != float("inf")]
    if waits:
        other = axes.twinx() if points[0].throughput is not None else axes
        label = f"p{number(inputs.percentile * 100)} wait"
        other.plot(*zip(*waits, strict=True), color="tab:red", label=label)
        other.set_ylabel(f"{label} (ms)")
        other.set_ylim(bottom=0)
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    figure.savefig(path)
    pyplot.close(figure)
