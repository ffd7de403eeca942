"""The command line: parses, calls, and turns errors into one clear line."""
