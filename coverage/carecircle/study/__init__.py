"""One study: its file, its tables, its terms, and the rooms called in order."""
