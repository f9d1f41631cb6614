"""The outermost layer: what a connection may cost before anything of it is a request (docs/designs/edge.md)."""
