"""The web page: pictures of cameras, their figures and controls, and who may see them."""
