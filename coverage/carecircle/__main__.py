"""Lets ``python -m carecircle`` do what the command ``carecircle`` does."""

from carecircle.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
