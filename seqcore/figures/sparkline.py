"""A forecast in the size of a word: no axes, truth behind, forecast in front."""

import numpy as np

from seqcore.figures.palette import palette

WIDTH, HEIGHT = 240, 80


def sparkline(theme: str, truth: np.ndarray, forecast: np.ndarray) -> str:
    """An SVG image of `forecast` (n,) over `truth` (n,)."""
    low, high = float(truth.min()), float(truth.max())
    lines = []
    for role, values, width in (("truth", truth, 1.2), ("test", forecast, 2)):
        x = np.linspace(2, WIDTH - 2, len(values))
        y = np.clip(HEIGHT - 6 - (values - low) / (high - low) * (HEIGHT - 12), 0, HEIGHT)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        colour = palette(theme)[role]
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(lines)}</svg>'
