"""Parts of the maker of the synthetic sample city; see data/make_wuhai.py."""

__all__: list[str] = []
