"""The Mi Store app's operations, one a file, and their manifest (`mipoints documents write`)."""
