"""What happens in front of a camera: rules that notice it, and where it is told."""
