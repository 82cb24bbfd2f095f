"""What nobody may see, in anything that leaves the program: it fails closed."""
