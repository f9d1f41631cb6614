"""The sentences that members read, in six languages, with one catalogue file each."""
