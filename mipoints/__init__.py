"""The command line and the composition root: settings become objects, objects become processes."""
