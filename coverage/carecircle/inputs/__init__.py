"""Files become checked frames, and every problem becomes an issue."""
