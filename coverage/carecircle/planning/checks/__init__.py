"""Plans looked at a second time, by other code than found them."""
