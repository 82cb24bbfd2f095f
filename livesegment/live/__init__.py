"""The live run: pictures as they come, with the newest mask carried to each."""
