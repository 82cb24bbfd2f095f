"""Many cameras, a supervised process each, with one budget of calls and one page for all."""
