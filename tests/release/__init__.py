"""What a release consists of and its steps: packages, plugin, image, registry entry, notes."""
