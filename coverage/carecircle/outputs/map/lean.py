"""Scripts and styles as they travel: without indentation, blank lines and lines of comments."""

from __future__ import annotations

__all__ = ["lean"]


def lean(text: str) -> str:
    r"""Return a script or style without indentation, blank lines and lines of comments.

    Lines stay lines, and whatever stands within one stays as it is, so the code does the same and
    a browser still names the place of an error.

    Parameters
    ----------
    text
        JavaScript or CSS in which no text goes over lines.

    Raises
    ------
    ValueError
        If a line leaves a template or a text open: there, leading space would be part of it.

    Examples
    --------
    >>> print(lean("/* Adds. */\nf = (a, b) =>\n  a + b; // and no more"))
    f = (a, b) =>
    a + b; // and no more
    """
    kept, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        code = line.strip()
        if inside or code.startswith("/*"):
            _, end, rest = code.partition("*/")
            inside = not end
            code = rest.strip()
        if not code or code.startswith("//"):
            continue
        if code.count("`") % 2 or code.endswith("\\"):
            msg = f"line {number} leaves a text open: {code[:60]!r}; end it on its line"
            raise ValueError(msg)
        kept.append(code)
    return "\n".join(kept)
