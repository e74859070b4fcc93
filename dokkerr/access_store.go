package dokkerr

// AccessLookup is what admission and blocks ask of a Lookup.
type AccessLookup interface {
	// Revocations lists what PutRevocation stored that may concern a token: of its user, session and token id, "" being none.
	Revocations(user ID, session, token string) ([]Revocation, error)
	// Blocked says whether one of two users has blocked the other, Blocks how many others a user has.
	Blocked(a, b ID) (bool, error)
	Blocks(user ID) (int, error)
}

// AccessWriter is what admission and blocks do to a Tx.
type AccessWriter interface {
	// PutRevocation stores a revocation until no token that it hits is valid, or moves the time of the one that is there forward.
	// Others that were kept long enough are deleted on the way.
	PutRevocation(r Revocation, until Time)
	// PutBlock stores that a user has blocked another, DeleteBlock that it is no longer so. What is so already stays.
	PutBlock(user, other ID, at Time)
	DeleteBlock(user, other ID)
}
