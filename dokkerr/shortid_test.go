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
	if got := w.putBooking(t, short(move(b, "confirmed"))); got.Version != 2 {
		t.Errorf("by short ids %+v was moved, not %+v", got, b)
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

// short cuts the ids of a booking.
func short(in dokkerr.BookingPut) dokkerr.BookingPut {
	for _, id := range []*string{&in.BookingID, &in.ListingID, &in.BoaterID, &in.OwnerID} {
		*id = (*id)[:8]
	}
	return in
}

func TestIDPaths(t *testing.T) {
	w := newWorld(t)
	_, err := w.User(t.Context(), "x")
	refused(t, err, dokkerr.ValidationError, "userId")
	for path, edit := range map[string]func(in *dokkerr.BookingPut){
		"bookingId": func(in *dokkerr.BookingPut) { in.BookingID = "" },
		"listingId": func(in *dokkerr.BookingPut) { in.ListingID = "xxxxxxxx" },
		"boaterId":  func(in *dokkerr.BookingPut) { in.BoaterID += "0" },
		"ownerId":   func(in *dokkerr.BookingPut) { in.OwnerID = "x" },
	} {
		in := w.bookingPut("pending")
		edit(&in)
		_, err := w.PutBooking(t.Context(), dokkerr.Once{}, in)
		refused(t, err, dokkerr.ValidationError, path)
	}
}
