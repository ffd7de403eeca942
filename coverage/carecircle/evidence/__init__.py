"""What every published figure is made of, told in words and counted again."""
