"""The what-if of the map: its network and demand packed, and the JavaScript that runs on them."""
