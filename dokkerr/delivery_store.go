package dokkerr

// InboxReader is what delivery asks of a Reader.
type InboxReader interface {
	// Head is the position of the user's last event, 0 before the first.
	Head(user ID) (Position, error)
	// Inbox lists up to limit events of the user after a position, ascending.
	Inbox(user ID, after Position, limit int) ([]Delivery, error)
	// Missed tells what of the user's events after a position a session did not cause itself. It counts up to limit.
	Missed(user ID, after Position, session string, limit int) (Missed, error)
	// Oldest is the position of the newest event of the user that is before a time or has at least so many behind it; 0 for none.
	Oldest(user ID, before Time, behind int) (Position, error)
	// Past is the position at which the user was erased, 0 for never: what is before it was another person's.
	Past(user ID) (Position, error)
	// Expired says whether Trim would delete anything.
	Expired(before Time) (bool, error)
	// Trimmed is the position of the newest event of the user that was deleted and that a session did not cause itself; 0 for
	// none.
	Trimmed(user ID, session string) (Position, error)
	// Confirmed lists what is recorded of the user's devices, in no order.
	Confirmed(user ID) ([]Confirmation, error)
}

// Missed is how many events, and when the first happened.
type Missed struct {
	Count int
	First Time
}

// DeliveryWriter is what delivery does to a Tx.
type DeliveryWriter interface {
	// AddDevice records a device, or moves the one that is recorded: forward only. Of each user it keeps the most that were
	// recorded or moved last.
	AddDevice(c Confirmation, most int)
	// Confirm moves a device that is recorded: forward only.
	Confirm(c Confirmation)
	// Erase takes the user's conversations, own events and devices out, and the user out of those who were seen. Its next position
	// becomes its Past. No position is given again, neither the user's nor those of who it wrote with (delivery R9). Nobody is shown
	// them from the commit on; the store may delete them later.
	Erase(user ID)
	// Trim deletes at most limit of the events that happened before a time, the oldest first. Messages and notifications stay,
	// for histories and lists. The user's Head stays where it is.
	Trim(before Time, limit int)
	// PutSecret stores a secret that is not there yet.
	PutSecret(name string, value []byte)
}
