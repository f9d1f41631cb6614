"""The command line and the composition root: builds objects from the settings, and runs processes with them."""
