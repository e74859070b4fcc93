package main

import "fmt"

// booking is the payload of broadcasts and echoes, 100 bytes: the fan-out's ["booking.updated",{...}] has 120.
func booking(seq uint64) []byte {
	return fmt.Appendf(nil, `{"bookingId":"bk-%021d","status":"confirmed","timestamp":"2026-11-22T18:00:00.000Z"}`, seq)
}

// sequence reads seq back from the start of a booking.
func sequence(b []byte) uint64 {
	const end = len(`{"bookingId":"bk-`) + 21
	var n uint64
	if len(b) < end {
		return n
	}
	for _, digit := range b[end-10 : end] {
		n = n*10 + uint64(digit-'0')
	}
	return n
}

// message is the payload of unicasts, 100 bytes too.
func message(to int) []byte {
	return fmt.Appendf(nil, `{"to":%q,"content":"Is the dock free this weekend? We shall come with a boat of ten metres."}`, userName(to))
}

// chatMessage is the payload of the product's message.new, with a text as long as people write and room for its key.
func chatMessage(recipient int) []byte {
	return fmt.Appendf(nil, `{"recipientId":%q,"content":"Is the dock free this weekend? We come with a boat of nine metres.","type":"text","clientMessageId":"00000000-0000-4000-8000-000000000000"}`, userID(recipient))
}

// withKey writes a sender's next key into a chatMessage: a UUID that looks as random as those of clients.
func withKey(message []byte, sender int, n uint32) []byte {
	const digits = "0123456789abcdef"
	key := message[len(message)-len(`00000000-0000-4000-8000-000000000000"}`):]
	bits := (uint64(sender)<<32 | uint64(n)) * 0x9e3779b97f4a7c15 // odd: no two are the same
	for _, at := range [...]int{0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 24, 25, 26, 27} {
		key[at] = digits[bits&15]
		bits >>= 4
	}
	return message
}

func userID(index int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", index) }

func userName(index int) string { return fmt.Sprintf("u%06d", index) }
