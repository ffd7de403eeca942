"""How sure a verdict is, what it hangs on, and how fairly care is shared."""
