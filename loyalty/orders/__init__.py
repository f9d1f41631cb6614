"""Orders and their parcels: recorded, and settled as parcels are delivered, lost or returned."""
