"""Put a semantic-segmentation model on moving pictures."""

__version__ = "0.1.0.dev0"
