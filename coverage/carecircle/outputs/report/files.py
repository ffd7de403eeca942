"""The files of a report: written whole or not at all; PDF is printed by a Chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from carecircle.errors import InputError, MissingLibraryError
from carecircle.outputs.folder import save_folder
from carecircle.outputs.layers import data_date
from carecircle.outputs.report.html import report_html
from carecircle.outputs.report.model import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carecircle.analysis.findings import Findings
    from carecircle.outputs.report.model import Report

__all__ = ["chromium_path", "report_pdf", "save_report"]

_BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "msedge",
)  # fmt: skip
_SECONDS = 120
_PRINTED = re.compile(rb"/(CreationDate|ModDate) \(D:[^)]*\)")
_MARK = re.compile(rb"/ID\s*\[\s*<[0-9A-Fa-f]*>\s*<[0-9A-Fa-f]*>\s*\]")


def save_report(report: Report, folder: str | Path, *, formats: Sequence[Format]) -> Path:
    """Write a report in the formats asked for and return the folder; see :meth:`Report.save`."""
    unknown = [one for one in formats if one not in get_args(Format)]
    if unknown or not formats:
        known = ", ".join(get_args(Format))
        raise InputError(f"formats: {', '.join(unknown) or 'none given'}; choose of {known}")
    makers: dict[Format, Callable[[], bytes]] = {
        "html": lambda: report_html(report).encode("utf-8"),
        "docx": lambda: _docx(report),
        "pdf": lambda: report_pdf(report),
    }

    def writer(make: Callable[[], bytes]) -> Callable[[Findings, Path], None]:
        def write(_: Findings, path: Path) -> None:
            path.write_bytes(make())

        return write

    writers = {f"report.{one}": writer(makers[one]) for one in dict.fromkeys(formats)}
    return save_folder(report.findings, folder, writers=writers)


def report_pdf(report: Report) -> bytes:
    """Return the report printed as PDF by a headless Chromium, A4, with no network.

    Parameters
    ----------
    report
        The report.

    Raises
    ------
    MissingLibraryError
        If there is no Chromium, or it does not print.
    """
    browser = chromium_path()
    with tempfile.TemporaryDirectory(prefix="carecircle-") as place:
        page, printed = Path(place) / "report.html", Path(place) / "report.pdf"
        page.write_text(report_html(report), encoding="utf-8")
        done = subprocess.run(  # noqa: S603  # the browser that was found, with files of our own
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--no-pdf-header-footer", f"--user-data-dir={place}/profile",
                f"--print-to-pdf={printed}", page.as_uri(),
            ],
            capture_output=True, check=False, timeout=_SECONDS, text=True, errors="replace",
        )  # fmt: skip
        if not printed.is_file():
            said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            msg = f"report.pdf: {browser} did not print ({said[0]}); print report.html instead"
            raise MissingLibraryError(msg)
        return _undated(printed.read_bytes(), data_date(report.findings.card.as_of))


def chromium_path() -> str:
    """Return the path of a Chromium, Chrome or Edge; ``CHROMIUM`` names one first.

    Raises
    ------
    MissingLibraryError
        If there is none.
    """
    own = os.environ.get("CHROMIUM", "")
    found = (shutil.which(name) for name in ((own,) if own else _BROWSERS))
    path = next((one for one in found if one), None)
    if path is None:
        raise MissingLibraryError(
            "report.pdf is printed by a Chromium, Chrome or Edge, and none was found"
            f"{f' at {own}' if own else ''}; install one, name it in CHROMIUM, or leave pdf out"
        )
    return path


def _docx(report: Report) -> bytes:
    from carecircle.outputs.report.docx import report_docx  # python-docx is loaded only when asked

    return report_docx(report)


def _undated(pdf: bytes, day: str) -> bytes:
    """Return the PDF with the day of the data for the clock; no offset in the file may move."""

    def fixed(found: re.Match[bytes]) -> bytes:
        stamp = f"D:{day.replace('-', '')}000000+00'00'".encode()
        room = len(found[0]) - len(found[1]) - len("/ ()")
        return b"/%s (%s)" % (found[1], stamp[:room].ljust(room))

    pdf = _PRINTED.sub(fixed, pdf)
    return _MARK.sub(lambda found: re.sub(rb"[0-9A-Fa-f](?=[^<]*>)", b"0", found[0]), pdf)
