"""A figure that shows itself in a notebook; loaded only where something is drawn."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

__all__ = ["Drawing"]

_SCREEN_DPI = 110


class Drawing(Figure):
    """A figure made without pyplot, which Jupyter would show as a line of text only.

    Examples
    --------
    >>> Drawing(figsize=(1, 1)).png(dpi=50)[1:4]
    b'PNG'
    """

    def png(self, *, dpi: int) -> bytes:
        """Return the drawing as PNG; equal drawings give equal bytes.

        Parameters
        ----------
        dpi
            Dots per inch.
        """
        made = io.BytesIO()
        # matplotlib writes its version into each file otherwise
        self.savefig(made, format="png", dpi=dpi, metadata={"Software": None})
        return made.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png(dpi=_SCREEN_DPI)
