package dokkerr_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestShortID finds users once they were seen in a token or are a party of a booking, and as long as they are the only one.
func TestShortID(t *testing.T) {
	w := newWorld(t)
	b := w.book(t, "pending")
	if err := w.Record(t.Context(), dokkerr.Device{User: w.asha.User}, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []dokkerr.ID{w.asha.User, b.BoaterID, b.OwnerID} {
		for _, text := range []string{want.String(), want.String()[:8]} {
			if got, err := w.User(t.Context(), text); err != nil || got != want {
				t.Errorf("user %s: %v, %v", text, got, err)
			}
		}
	}
	if got, err := w.Listing(t.Context(), b.ListingID.String()[:8]); err != nil || got != b.ListingID {
		t.Errorf("listing: %v, %v", got, err)
	}
	if got, err := w.Booking(t.Context(), b.BookingID.String()[:8]); err != nil || got != b.BookingID {
		t.Errorf("booking: %v, %v", got, err)
	}
	stranger := newActor()
	w.send(t, w.asha, stranger, "Ahoi") // a recipient was not seen
	_, err := w.User(t.Context(), stranger.User.String()[:8])
	refused(t, err, dokkerr.NotFound, "")
	if _, err := w.User(t.Context(), uuid.NewString()); err != nil {
		t.Errorf("any full id is a user: %v", err)
	}
	twin := w.asha.User
	twin[9]++
	if err := w.Record(t.Context(), dokkerr.Device{User: twin}, 0); err != nil {
		t.Fatal(err)
	}
	_, err = w.User(t.Context(), twin.String()[:8])
	refused(t, err, dokkerr.NotFound, "")
	_, err = w.Send(t.Context(), w.ben, dokkerr.NewMessage{RecipientID: twin.String()[:8], Type: "text", Content: "which?"})
	refused(t, err, dokkerr.NotFound, "")
}

func TestIDPaths(t *testing.T) {
	w := newWorld(t)
	_, err := w.User(t.Context(), "x")
	refused(t, err, dokkerr.ValidationError, "userId")
	_, err = w.Listing(t.Context(), "xxxxxxxx")
	refused(t, err, dokkerr.ValidationError, "listingId")
	_, err = w.Booking(t.Context(), "")
	refused(t, err, dokkerr.ValidationError, "bookingId")
}
