"""What turns a frame into a mask: an endpoint, the built-in model, a model file."""
