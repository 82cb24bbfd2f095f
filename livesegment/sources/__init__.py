"""Where pictures come from: cameras, files, networks, images, a drawn pattern."""
