package siotest

import (
	"strings"
	"sync"
)

// Log keeps what a server writes, to a log or else. Its zero value is empty. Its methods may run at once.
type Log struct {
	mu   sync.Mutex
	text strings.Builder // under mu
}

// Write adds to it.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all that was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
