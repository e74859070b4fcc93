package dokkerr

// AccessLookup is what admission asks of a Lookup.
type AccessLookup interface {
	// Revocations lists what PutRevocation stored that may concern a token: of its user, session and token id, "" being none.
	Revocations(user ID, session, token string) ([]Revocation, error)
}

// AccessWriter is what admission does to a Tx.
type AccessWriter interface {
	// PutRevocation stores a revocation until no token that it hits is valid, or moves the time of the one that is there forward.
	// Others that were kept long enough are deleted on the way.
	PutRevocation(r Revocation, until Time)
}
