"""Where one table comes from and how to read it: the file plus everything the file does not say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DATUMS", "Datum", "Source"]

Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
#: The datum names a table may declare.
DATUMS: tuple[Datum, ...] = get_args(Datum)


@dataclass(frozen=True)
class Source:
    """One file to read, with what must be said about it; the same words as in a study file.

    Parameters
    ----------
    file
        The file, a path or its text. Its suffix decides the reader.
    layer
        Layer of a GeoPackage, or sheet of a workbook; the first when missing.
    crs
        CRS of the coordinates where the file does not carry one, e.g. ``"EPSG:4326"``.
    datum
        ``wgs84``, ``cgcs2000``, ``gcj02`` or ``bd09``. Longitudes and latitudes without a CRS need
        it; shifted data are converted.
    columns
        Own heading for a contract column: ``{"households": "HH_2020"}``.
    values
        Constant for a column the file does not have: ``{"kind": "urban"}``.
    where
        Rows to keep, as a :meth:`pandas.DataFrame.query` expression over the file's own headings.
    x, y
        Headings of the coordinates in a table without geometry.
    encoding
        Text encoding, e.g. ``gbk``; detected for Shapefiles and CSV when missing.
    tags
        OpenStreetMap extracts: features to take, ``{"amenity": ["clinic", "doctors"]}``;
        ``True`` takes every value.
    admin_level
        OpenStreetMap extracts: level of the administrative boundaries to take.
    """

    file: Path
    layer: str | None = None
    crs: str | None = None
    datum: Datum | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    where: str | None = None
    x: str | None = None
    y: str | None = None
    encoding: str | None = None
    tags: Mapping[str, Sequence[str] | bool] = field(default_factory=dict)
    admin_level: int | None = None

    def __post_init__(self) -> None:
        # a caller's text is a path too, also where the type checker does not look
        object.__setattr__(self, "file", Path(self.file).expanduser())

    @classmethod
    def of(cls, source: Source | str | Path) -> Source:
        """Return ``source`` itself, or a source that says nothing but the file.

        Examples
        --------
        >>> Source.of("areas.gpkg").file.name
        'areas.gpkg'
        """
        return source if isinstance(source, Source) else cls(Path(source))

    @property
    def is_osm(self) -> bool:
        """Whether the file is an OpenStreetMap extract."""
        name = self.file.name.lower()
        return name.endswith((".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2"))
