"""The package that compiles operations, without anything of Mi Points."""
